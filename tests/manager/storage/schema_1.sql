-- SPDX-License-Identifier: Apache-2.0
-- A database as schema 1 wrote it. Never changed: what later versions make of it is tested.
PRAGMA journal_mode = WAL;
CREATE TABLE targets ( id TEXT PRIMARY KEY, public_key BLOB NOT NULL UNIQUE, tags TEXT NOT NULL,
    advertised_tags TEXT NOT NULL, has_location INTEGER NOT NULL, location_is_fixed INTEGER
    NOT NULL, latitude REAL NOT NULL, longitude REAL NOT NULL, architecture TEXT NOT NULL, os TEXT
    NOT NULL, agent_version TEXT NOT NULL, disk_free_bytes INTEGER NOT NULL, memory_bytes
    INTEGER NOT NULL, registered_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL, stream_id
    INTEGER NOT NULL, stored_seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tasks ( version INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL, app TEXT NOT NULL, debug INTEGER NOT NULL, auto_restart INTEGER
    NOT NULL, has_deploy INTEGER NOT NULL, has_build INTEGER NOT NULL, is_stopped INTEGER
    NOT NULL, created_ms INTEGER NOT NULL, has_package INTEGER NOT NULL, package_id TEXT NOT NULL,
    package_digest BLOB NOT NULL, manifest_size INTEGER NOT NULL, entry_count INTEGER NOT NULL,
    chunk_count INTEGER NOT NULL, content_size INTEGER NOT NULL, sealed_size INTEGER NOT NULL,
    install_commands BLOB NOT NULL, run_commands BLOB NOT NULL, selector_ids BLOB NOT NULL,
    selector_tags TEXT NOT NULL, build_host TEXT NOT NULL, build_commands BLOB NOT NULL,
    build_artifacts BLOB NOT NULL, document TEXT, signed_task BLOB NOT NULL) STRICT;
CREATE INDEX tasks_by_package ON tasks (package_id);
CREATE TABLE task_targets ( task_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    target_id TEXT NOT NULL REFERENCES targets (id) ON DELETE CASCADE, version INTEGER NOT NULL,
    app TEXT NOT NULL, state INTEGER NOT NULL, run_state INTEGER NOT NULL, exit_status INTEGER
    NOT NULL, stop_wanted INTEGER NOT NULL, is_outstanding INTEGER NOT NULL, since_ms INTEGER
    NOT NULL, code INTEGER NOT NULL, message TEXT NOT NULL, PRIMARY KEY (task_id, target_id))
    STRICT, WITHOUT ROWID;
CREATE INDEX task_targets_by_state ON task_targets (task_id, state, run_state);
CREATE INDEX task_targets_by_target ON task_targets (target_id, version);
CREATE INDEX task_targets_outstanding ON task_targets (target_id, version) WHERE is_outstanding
    = 1;
CREATE TABLE log_sources ( id INTEGER PRIMARY KEY, line_count INTEGER NOT NULL, error_count
    INTEGER NOT NULL, first_id INTEGER NOT NULL, last_id INTEGER NOT NULL, stage INTEGER
    NOT NULL, target_id TEXT NOT NULL, task_id TEXT NOT NULL, command TEXT NOT NULL, UNIQUE
    (target_id, task_id, stage, command)) STRICT;
CREATE INDEX log_sources_by_task ON log_sources (task_id);
CREATE TABLE log_totals (line_count INTEGER NOT NULL, error_count INTEGER NOT NULL, last_id
    INTEGER NOT NULL) STRICT;
INSERT INTO log_totals VALUES (0, 0, 0);
CREATE TABLE logs ( id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, time_ms INTEGER
    NOT NULL, is_error INTEGER NOT NULL, is_event INTEGER NOT NULL, output TEXT NOT NULL) STRICT;
CREATE INDEX logs_by_source ON logs (source_id);
CREATE INDEX logs_by_time ON logs (time_ms);
CREATE INDEX logs_errors ON logs (is_error) WHERE is_error = 1;
CREATE VIRTUAL TABLE log_text USING fts5 (output, content = 'logs', content_rowid = 'id',
    columnsize = 0, tokenize = 'unicode61');
CREATE TABLE token_sets ( name TEXT PRIMARY KEY, total INTEGER NOT NULL, created_ms INTEGER
    NOT NULL, expires_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tokens ( hash BLOB PRIMARY KEY, set_name TEXT NOT NULL REFERENCES token_sets (name)
    ON DELETE CASCADE, is_used INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_set ON tokens (set_name, is_used);
CREATE TABLE packages ( id TEXT PRIMARY KEY, digest BLOB NOT NULL, manifest_size INTEGER
    NOT NULL, entry_count INTEGER NOT NULL, chunk_count INTEGER NOT NULL, content_size INTEGER
    NOT NULL, sealed_size INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE packs (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE package_packs ( package_id TEXT NOT NULL REFERENCES packages (id) ON DELETE
    CASCADE, pack INTEGER NOT NULL REFERENCES packs (key), PRIMARY KEY (package_id, pack))
    STRICT, WITHOUT ROWID;
CREATE INDEX package_packs_by_pack ON package_packs (pack);
CREATE TABLE chunks ( name BLOB PRIMARY KEY, pack INTEGER NOT NULL REFERENCES packs (key) ON
    DELETE CASCADE, offset INTEGER NOT NULL, sealed_size INTEGER NOT NULL) STRICT, WITHOUT
    ROWID;
CREATE INDEX chunks_by_pack ON chunks (pack);
INSERT INTO targets VALUES ('drone-1', x'0000000000000000000000000000000000000000000000000000000000000001', ',camera,', ',arm64,', 1, 0, 46.5, 13.25, 'x86_64',
    'linux', '0.1.0', 5000, 6000, 1700000000000, 1700000000123, -2, 77);
INSERT INTO tasks VALUES (3, 'brave-otter', 'Count to three', 'counter', 1, 1, 1, 0, 0, 1700000000003, 1,
    'aa', zeroblob(32), 10, 11, 12, 13, 14, x'6d616b6500', x'2e2f636f756e7400', x'64726f6e652d3100',
    ',camera,', '', x'', x'', '{"deploy": {}}', x'00ff');
INSERT INTO task_targets VALUES ('brave-otter', 'drone-1', 3, 'counter', 7, 3, 0, 0, 0, 1700000000456, 0, 'up');
INSERT INTO log_sources VALUES (1, 2, 1, 1, 2, 3, 'drone-1', 'brave-otter', './count');
UPDATE log_totals SET line_count = 2, error_count = 1, last_id = 2;
INSERT INTO logs VALUES (1, 1, 1700000000500, 0, 0, 'one and two'), (2, 1, 1700000000600, 1, 0, 'three failed');
INSERT INTO log_text (log_text) VALUES ('rebuild');
INSERT INTO token_sets VALUES ('hall', 1, 1000, 2000);
INSERT INTO tokens VALUES (x'0000000000000000000000000000000000000000000000000000000000000005', 'hall', 0);
INSERT INTO packages VALUES ('aa', zeroblob(32), 10, 11, 12, 13, 14);
INSERT INTO packs VALUES (1, 'aa');
INSERT INTO package_packs VALUES ('aa', 1);
INSERT INTO chunks VALUES (x'0000000000000000000000000000000000000000000000000000000000000009', 1, 4096, 100);
PRAGMA user_version = 1;
