/* SPDX-License-Identifier: Apache-2.0 */
#include "store_memory_db.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "store_memory_table.h"

/* One change: before or after may be NULL. */
struct change {
    enum memory_kind kind;
    struct record *before;
    struct record *after;
};

struct memory_db {
    struct memory_db *next;
    char *path;
    size_t handles;
    bool has_writer;
    pthread_mutex_t lock; /* of committed; recursive, since callbacks may read again */
    struct table committed[MEMORY_KIND_COUNT];
    struct table current[MEMORY_KIND_COUNT];
    bool in_turn;
    struct change *journal;
    size_t journal_count;
    size_t journal_capacity;
    size_t *marks; /* lengths of the journal */
    size_t mark_count;
    size_t mark_capacity;
};

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct memory_db *all; /* those with a path */

static enum err no_memory(struct error *e)
{
    return error_set(e, ERR_NO_MEMORY, "no memory for the store");
}

static struct memory_db *db_new(const char *path)
{
    struct memory_db *db = calloc(1, sizeof(*db));
    if (db == NULL)
        return NULL;
    db->path = strdup(path);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&db->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    if (db->path == NULL) {
        free(db);
        return NULL;
    }
    return db;
}

static enum err find_or_make(const char *path, bool is_reader, struct memory_db **out,
                             struct error *e)
{
    struct memory_db *db = *path == '\0' ? NULL : all;
    while (db != NULL && strcmp(db->path, path) != 0)
        db = db->next;
    if (db == NULL && is_reader)
        return error_set(e, ERR_NOT_FOUND, "there is no store %s in memory", path);
    if (db != NULL && db->has_writer && !is_reader)
        return error_set(e, ERR_CONFLICT, "the store %s is already open for writing", path);
    if (db == NULL && (db = db_new(path)) == NULL)
        return no_memory(e);
    if (db->handles == 0 && *path != '\0') {
        db->next = all;
        all = db;
    }
    db->handles++;
    db->has_writer |= !is_reader;
    *out = db;
    return ERR_OK;
}

enum err memory_db_open(const char *path, bool is_reader, struct memory_db **out, struct error *e)
{
    pthread_mutex_lock(&all_lock);
    enum err err = find_or_make(path == NULL ? "" : path, is_reader, out, e);
    pthread_mutex_unlock(&all_lock);
    return err;
}

static void db_free(struct memory_db *db)
{
    for (size_t i = 0; i < MEMORY_KIND_COUNT; i++) {
        table_clear(&db->current[i]);
        table_clear(&db->committed[i]);
    }
    pthread_mutex_destroy(&db->lock);
    free(db->journal);
    free(db->marks);
    free(db->path);
    free(db);
}

void memory_db_close(struct memory_db *db, bool is_reader)
{
    pthread_mutex_lock(&all_lock);
    db->has_writer = db->has_writer && is_reader;
    bool is_last = --db->handles == 0;
    struct memory_db **place = &all;
    while (is_last && *place != NULL && *place != db)
        place = &(*place)->next;
    if (is_last && *place == db)
        *place = db->next;
    pthread_mutex_unlock(&all_lock);
    if (is_last)
        db_free(db);
}

static enum err check_turn(const struct memory_store *m, struct error *e)
{
    if (m->is_reader)
        return error_set(e, ERR_FORBIDDEN, "this handle of the store only reads");
    if (!m->db->in_turn)
        return error_set(e, ERR_CONFLICT, "no turn of the store is open");
    return ERR_OK;
}

enum err memory_begin(struct memory_store *m, struct error *e)
{
    if (m->is_reader)
        return error_set(e, ERR_FORBIDDEN, "this handle of the store only reads");
    if (m->db->in_turn)
        return error_set(e, ERR_CONFLICT, "a turn of the store is already open");
    m->db->in_turn = true;
    return ERR_OK;
}

/* Takes back what the journal says beyond length. Tables never shrink, so there is room. */
static void rewind_to(struct memory_db *db, size_t length)
{
    while (db->journal_count > length) {
        struct change *c = &db->journal[--db->journal_count];
        if (c->before != NULL)
            table_set(&db->current[c->kind], c->before);
        else
            table_drop(&db->current[c->kind], c->after->key);
        record_release(c->before);
        record_release(c->after);
    }
}

void memory_rollback(struct memory_store *m)
{
    if (m->is_reader)
        return;
    rewind_to(m->db, 0);
    m->db->mark_count = 0;
    m->db->in_turn = false;
}

/* Room for all that the journal adds, so that applying it cannot fail half way. */
static bool reserve_committed(struct memory_db *db)
{
    for (size_t i = 0; i < MEMORY_KIND_COUNT; i++) {
        struct table *t = &db->committed[i];
        size_t needed = t->count + db->journal_count;
        if (db->current[i].count <= t->capacity && needed <= t->capacity)
            continue;
        struct record **moved = reallocarray(t->items, needed + 1, sizeof(struct record *));
        if (moved == NULL)
            return false;
        t->items = moved;
        t->capacity = needed + 1;
    }
    return true;
}

static void apply_journal(struct memory_db *db)
{
    for (size_t i = 0; i < db->journal_count; i++) {
        struct change *c = &db->journal[i];
        if (c->after != NULL)
            table_set(&db->committed[c->kind], c->after);
        else
            table_drop(&db->committed[c->kind], c->before->key);
        record_release(c->before);
        record_release(c->after);
    }
    db->journal_count = 0;
}

enum err memory_commit(struct memory_store *m, struct error *e)
{
    enum err err = check_turn(m, e);
    if (err != ERR_OK)
        return err;
    struct memory_db *db = m->db;
    pthread_mutex_lock(&db->lock);
    bool has_room = reserve_committed(db);
    if (has_room)
        apply_journal(db);
    pthread_mutex_unlock(&db->lock);
    memory_rollback(m);
    return has_room ? ERR_OK : no_memory(e);
}

enum err memory_mark(struct memory_store *m, struct error *e)
{
    enum err err = check_turn(m, e);
    if (err != ERR_OK)
        return err;
    struct memory_db *db = m->db;
    if (!array_grow((void **)&db->marks, sizeof(db->marks[0]), db->mark_count, &db->mark_capacity))
        return no_memory(e);
    db->marks[db->mark_count++] = db->journal_count;
    return ERR_OK;
}

enum err memory_keep(struct memory_store *m, struct error *e)
{
    enum err err = check_turn(m, e);
    if (err == ERR_OK && m->db->mark_count == 0)
        return error_set(e, ERR_CONFLICT, "there is no mark in this turn");
    if (err == ERR_OK)
        m->db->mark_count--;
    return err;
}

void memory_undo(struct memory_store *m)
{
    if (!m->is_reader && m->db->mark_count > 0)
        rewind_to(m->db, m->db->marks[--m->db->mark_count]);
}

static enum err change(struct memory_db *db, enum memory_kind kind, const char *key,
                       struct record *after, struct error *e)
{
    struct table *t = &db->current[kind];
    if (!array_grow((void **)&t->items, sizeof(struct record *), t->count, &t->capacity) ||
        !array_grow((void **)&db->journal, sizeof(struct change), db->journal_count,
                    &db->journal_capacity))
        return no_memory(e);
    size_t i = table_seek(t, key);
    struct record *before = table_has_at(t, i, key) ? t->items[i] : NULL;
    if (before == NULL && after == NULL)
        return ERR_OK;
    db->journal[db->journal_count++] =
        (struct change){kind, record_hold(before), record_hold(after)};
    if (after != NULL)
        table_set(t, after);
    else
        table_drop(t, key);
    return ERR_OK;
}

enum err memory_put(struct memory_store *m, enum memory_kind kind, const char *key, void *payload,
                    size_t size, memory_clear_fn *clear, struct error *e)
{
    struct record *r = calloc(1, sizeof(*r) + size);
    if (r == NULL) {
        if (clear != NULL)
            clear(payload);
        return no_memory(e);
    }
    snprintf(r->key, sizeof(r->key), "%s", key);
    memcpy(r->payload, payload, size);
    r->clear = clear;
    record_hold(r);
    enum err err = check_turn(m, e);
    if (err == ERR_OK)
        err = change(m->db, kind, key, r, e);
    record_release(r);
    return err;
}

enum err memory_remove(struct memory_store *m, enum memory_kind kind, const char *key,
                       struct error *e)
{
    enum err err = check_turn(m, e);
    return err == ERR_OK ? change(m->db, kind, key, NULL, e) : err;
}

struct memory_store *memory_lock(struct memory_store *m)
{
    if (m->is_reader)
        pthread_mutex_lock(&m->db->lock);
    return m;
}

void memory_unlock(struct memory_store *m)
{
    if (m->is_reader)
        pthread_mutex_unlock(&m->db->lock);
}

static const struct table *seen(const struct memory_store *m, enum memory_kind kind)
{
    return m->is_reader ? &m->db->committed[kind] : &m->db->current[kind];
}

const void *memory_find(const struct memory_store *m, enum memory_kind kind, const char *key)
{
    const struct table *t = seen(m, kind);
    size_t i = table_seek(t, key);
    return table_has_at(t, i, key) ? t->items[i]->payload : NULL;
}

size_t memory_count(const struct memory_store *m, enum memory_kind kind)
{
    return seen(m, kind)->count;
}

const void *memory_at(const struct memory_store *m, enum memory_kind kind, size_t i)
{
    return seen(m, kind)->items[i]->payload;
}

const char *memory_key_at(const struct memory_store *m, enum memory_kind kind, size_t i)
{
    return seen(m, kind)->items[i]->key;
}

size_t memory_seek(const struct memory_store *m, enum memory_kind kind, const char *key)
{
    return table_seek(seen(m, kind), key);
}

uint64_t memory_number(const struct memory_store *m, const char *name)
{
    const uint64_t *value = memory_find(m, MEMORY_NUMBERS, name);
    return value == NULL ? 0 : *value;
}

enum err memory_set_number(struct memory_store *m, const char *name, uint64_t value,
                           struct error *e)
{
    return memory_put(m, MEMORY_NUMBERS, name, &value, sizeof(value), NULL, e);
}
