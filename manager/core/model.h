/* SPDX-License-Identifier: Apache-2.0 */
/* model: the manager's plain facts, as core, storage and the edges exchange them. Nothing here owns
 * a socket or a handle; what holds heap memory has a _clear. Times are milliseconds since 1970 UTC.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "limits.h"
#include "manifest.h"
#include "names.h"
#include "strlist.h"

enum {
    TASK_ID_SIZE = 48,
    COMMAND_TEXT_SIZE = 512,
    ADDRESS_SIZE = 64,
    TOKEN_SIZE = 15,
    UPLOAD_ID_SIZE = 33
};

struct location {
    bool is_known;
    double latitude;
    double longitude;
};

struct target {
    char id[ID_SIZE];
    uint8_t public_key[KEY_BYTES]; /* CURVE */
    struct tags tags;              /* what selects it */
    struct tags advertised;        /* what the agent said last; only its changes touch tags */
    struct location location;
    bool location_is_fixed; /* by an operator; what the agent says does not replace it */
    char architecture[32];
    char os[32];
    char agent_version[32];
    uint64_t disk_free_bytes;
    uint64_t memory_bytes;
    int64_t registered_ms;
    int64_t last_seen_ms; /* 0: never connected */
    uint64_t stream_id;   /* of the agent's reports; 0: none yet */
    uint64_t stored_seq;  /* highest report of that stream that is stored */
    bool is_online;       /* not stored */
};

enum task_state {
    TASK_PENDING = 1,
    TASK_ANNOUNCED,
    TASK_ACCEPTED,
    TASK_TRANSFERRING,
    TASK_INSTALLING,
    TASK_ACTIVATING,
    TASK_SUCCEEDED,
    TASK_BUILDING,
    TASK_COLLECTING,
    TASK_REJECTED,
    TASK_FAILED,
    TASK_STOPPED,
    TASK_TIMED_OUT,
};
enum { TASK_STATE_COUNT = TASK_TIMED_OUT + 1 };

enum run_state {
    RUN_UNKNOWN,
    RUN_NONE,
    RUN_STARTING,
    RUN_UP,
    RUN_EXITED,
    RUN_BACKING_OFF,
    RUN_STOPPED,
};
enum { RUN_STATE_COUNT = RUN_STOPPED + 1 };

enum stage { STAGE_NONE, STAGE_BUILD, STAGE_INSTALL, STAGE_RUN, STAGE_TERMINAL, STAGE_AGENT };

/* Names as in the API: "timed-out", "backing-off", "install". NULL or 0 when unknown. */
const char *task_state_name(enum task_state s);
enum task_state task_state_from_name(const char *name);
const char *run_state_name(enum run_state s);
const char *stage_name(enum stage s);
enum stage stage_from_name(const char *name);
/* succeeded, rejected, failed, stopped, timed-out. */
bool task_state_is_final(enum task_state s);

struct selector {
    struct strlist ids;
    struct tags tags;
};

/* A task as posted (draft) and as stored. Zero-initialised is empty; task_clear frees. */
struct task {
    char id[TASK_ID_SIZE]; /* "brave-otter" */
    uint64_t version;      /* 1, 2, ... in order of creation */
    char description[DESCRIPTION_SIZE];
    char app[ID_SIZE];
    bool debug;
    bool auto_restart;
    bool has_deploy;
    struct strlist install_commands;
    struct strlist run_commands;
    struct selector selector;
    bool has_build; /* validated and stored; build tasks are executed by a later version */
    char build_host[ID_SIZE];
    struct strlist build_commands;
    struct strlist build_artifacts;
    bool has_package;
    struct package_info package;
    char package_id[UPLOAD_ID_SIZE]; /* folder of the package store; "" without package */
    char *document; /* the posted document as JSON, without inline archive; owned, may be NULL */
    struct bytes signed_task; /* what agents fetch: serialized hivecast.v1.SignedTask */
    int64_t created_ms;
    bool is_stopped;
};
void task_clear(struct task *t);
AUTO_DEFINE(struct task *, task_clear)

/* The row of a task on a target. */
struct task_target {
    char task_id[TASK_ID_SIZE];
    char target_id[ID_SIZE];
    char app[ID_SIZE];
    uint64_t version; /* of the task */
    enum task_state state;
    enum run_state run_state;
    int32_t exit_status;
    bool stop_wanted; /* an operator stopped it and the agent has not confirmed */
    int64_t since_ms; /* of state */
    enum err code;
    char message[MESSAGE_TEXT_SIZE];
};

/* Rows per state; run counts are of succeeded rows. */
struct task_counts {
    uint64_t total;
    uint64_t states[TASK_STATE_COUNT];
    uint64_t runs[RUN_STATE_COUNT];
};

struct acknowledgement {
    char task_id[TASK_ID_SIZE];
    enum task_state state;
    enum run_state run_state;
    int32_t exit_status;
    enum err code;
    char message[MESSAGE_TEXT_SIZE];
    bool has_digest;
    uint8_t digest[DIGEST_BYTES];
};

/* One line or event. Texts are borrowed from whoever passes it. */
struct log_line {
    int64_t time_ms;
    const char *output;
    bool is_error;
    bool is_event;
};

/* Lines of one command of one stage on one target, in order. */
struct log_batch {
    const char *target_id;
    const char *task_id; /* "" for the terminal */
    enum stage stage;
    const char *command;
    const struct log_line *lines;
    size_t count;
};

/* One stored row, borrowed inside a callback. */
struct log_row {
    uint64_t id;
    const char *target_id;
    const char *task_id;
    enum stage stage;
    const char *command;
    struct log_line line;
};

enum report_kind { REPORT_ACKNOWLEDGEMENT = 1, REPORT_LOG, REPORT_LOST };

struct report {
    enum report_kind kind;
    int64_t time_ms;
    struct acknowledgement acknowledgement;
    struct log_batch log; /* target_id is filled by log_manager */
    uint64_t lost_lines;
    int64_t lost_first_ms, lost_last_ms;
};

struct task_status {
    char task_id[TASK_ID_SIZE];
    enum task_state state;
    enum run_state run_state;
};

/* What an agent says when it connects. Arrays are borrowed. */
struct advertisement {
    struct tags tags;
    struct location location;
    char architecture[32];
    char os[32];
    char agent_version[32];
    uint64_t disk_free_bytes;
    uint64_t memory_bytes;
    uint64_t stream_id;
    const struct task_status *tasks;
    size_t task_count;
};

struct token_set {
    char name[ID_SIZE];
    uint32_t total;
    uint32_t available; /* not used yet; counted by the store */
    int64_t created_ms;
    int64_t expires_ms;
};

/* Where a stored chunk lies. */
struct chunk_place {
    char pack[UPLOAD_ID_SIZE]; /* id of the package whose pack holds it */
    uint64_t offset;
    uint32_t sealed_size;
};

/* Pages count from 1. */
struct page {
    uint32_t number;
    uint32_t size;
};

#endif
