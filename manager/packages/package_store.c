/* SPDX-License-Identifier: Apache-2.0 */
/* package_store: the store as a whole, and drafts. package_ingest.c writes packages,
 * package_reader.c serves them. */
#include "package_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>

#include "fs.h"
#include "log.h"
#include "package_files.h"

static enum err make_dirs(struct package_store *s, const char *dir, struct error *e)
{
    enum err err = fs_join(dir, "packages", &s->packages_dir, e);
    if (err == ERR_OK)
        err = fs_join(dir, "packs", &s->packs_dir, e);
    if (err == ERR_OK)
        err = fs_mkdirs(s->packages_dir, 0700, e);
    return err == ERR_OK ? fs_mkdirs(s->packs_dir, 0700, e) : err;
}

enum err package_store_open(const char *dir, const uint8_t secret[static KEY_BYTES], int level,
                            struct package_store **out, struct error *e)
{
    static const uint8_t purpose[] = "hivecast manifest at rest";
    AUTO(package_store_close) struct package_store *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the package store");
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->ingest_ended, NULL);
    memcpy(s->secret, secret, KEY_BYTES);
    crypto_generichash(s->manifest_key, KEY_BYTES, purpose, sizeof(purpose) - 1, secret, KEY_BYTES);
    s->level = level;
    enum err err = make_dirs(s, dir, e);
    if (err == ERR_OK)
        *out = TAKE(s);
    return err;
}

void package_store_close(struct package_store *s)
{
    if (s == NULL)
        return;
    pthread_cond_destroy(&s->ingest_ended);
    pthread_mutex_destroy(&s->lock);
    sodium_memzero(s->secret, sizeof(s->secret));
    sodium_memzero(s->manifest_key, sizeof(s->manifest_key));
    free(s->packages_dir);
    free(s->packs_dir);
    free(s);
}

struct known {
    struct strlist names;
    enum err err;
    struct error *e;
};

static bool add_known(void *arg, const char *name)
{
    struct known *known = arg;
    known->err = strlist_add(&known->names, name, known->e);
    return known->err == ERR_OK;
}

static enum err remove_unknown(const char *dir, const struct strlist *known, struct error *e)
{
    DIR *stream = opendir(dir);
    if (stream == NULL)
        return error_errno(e, "read %s", dir);
    enum err err = ERR_OK;
    struct dirent *entry = NULL;
    while (err == ERR_OK && (entry = readdir(stream)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        AUTO_FREE char *path = NULL;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            strlist_has(known, entry->d_name))
            continue;
        err = fs_join(dir, entry->d_name, &path, e);
        if (err == ERR_OK)
            err = fs_remove(path, e);
        if (err == ERR_OK)
            log_info("removed %s, which no package refers to", path);
    }
    closedir(stream);
    return err;
}

static void warn_of_missing(const char *dir, const struct strlist *known)
{
    for (size_t i = 0; i < known->count; i++) {
        AUTO_FREE char *path = NULL;
        if (fs_join(dir, known->items[i], &path, NULL) == ERR_OK && access(path, R_OK) != 0)
            log_error("%s is missing: tasks that use it cannot be delivered", path);
    }
}

typedef enum err each_fn(struct store *, store_name_fn *, void *arg, struct error *);

static enum err clean(const char *dir, each_fn *each, struct store *store, struct error *e)
{
    struct known known = {.err = ERR_OK, .e = e};
    enum err err = each(store, add_known, &known, e);
    if (err == ERR_OK)
        err = known.err;
    if (err == ERR_OK)
        err = remove_unknown(dir, &known.names, e);
    if (err == ERR_OK)
        warn_of_missing(dir, &known.names);
    strlist_clear(&known.names);
    return err;
}

enum err package_store_clean(struct package_store *s, struct store *store, struct error *e)
{
    enum err err = clean(s->packages_dir, store_package_each, store, e);
    return err == ERR_OK ? clean(s->packs_dir, store_pack_each, store, e) : err;
}

static void remove_file(char *path)
{
    struct error e;
    if (path != NULL && fs_remove(path, &e) != ERR_OK)
        log_warn("remove %s: %s", path, e.text);
    free(path);
}

void package_store_remove_package(struct package_store *s, const char *id)
{
    char *path = NULL;
    if (package_path(s, id, "", &path, NULL) == ERR_OK)
        remove_file(path);
}

void package_store_remove_pack(struct package_store *s, const char *id)
{
    char *path = NULL;
    if (pack_path(s, id, "", &path, NULL) == ERR_OK)
        remove_file(path);
}

enum { RECORDS_AT_ONCE = 256 };

/* Tells the store of the chunks that came with this package. */
static enum err insert_records(const struct package_draft *d, const uint8_t *data, size_t count,
                               struct store *store, struct error *e)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        struct index_record record;
        index_record_decode(data + i * INDEX_RECORD, &record);
        if (strcmp(record.place.pack, d->id) == 0)
            err = store_chunk_insert(store, record.name, &record.place, e);
    }
    return err;
}

static enum err insert_chunks(const struct package_draft *d, struct store *store, struct error *e)
{
    uint8_t records[RECORDS_AT_ONCE * INDEX_RECORD];
    AUTO_FREE char *dir = NULL;
    AUTO_FREE char *path = NULL;
    enum err err = package_path(d->store, d->id, "", &dir, e);
    if (err == ERR_OK)
        err = fs_join(dir, "index", &path, e);
    if (err != ERR_OK)
        return err;
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(e, "open %s", path);
    for (uint64_t at = 0; err == ERR_OK && at < d->info.chunk_count; at += RECORDS_AT_ONCE) {
        uint64_t rest = d->info.chunk_count - at;
        size_t count = rest < RECORDS_AT_ONCE ? (size_t)rest : RECORDS_AT_ONCE;
        err = fs_pread_all(fd, records, count * INDEX_RECORD, INDEX_HEADER + at * INDEX_RECORD, e);
        if (err == ERR_OK)
            err = insert_records(d, records, count, store, e);
    }
    return err;
}

enum err package_draft_commit(struct package_draft *d, struct store *store, struct error *e)
{
    enum err err = store_package_insert(store, d->id, &d->info, &d->packs, e);
    if (err == ERR_OK)
        err = insert_chunks(d, store, e);
    d->is_committed = err == ERR_OK;
    return err;
}

static void remove_files(const struct package_draft *d)
{
    static const char *const suffixes[] = {"", ".new"};
    for (size_t i = 0; i < 2; i++) {
        char *path = NULL;
        if (package_path(d->store, d->id, suffixes[i], &path, NULL) == ERR_OK)
            remove_file(path);
        path = NULL;
        if (pack_path(d->store, d->id, suffixes[i], &path, NULL) == ERR_OK)
            remove_file(path);
    }
}

void package_draft_free(struct package_draft *d)
{
    if (d == NULL)
        return;
    if (!d->is_committed)
        remove_files(d);
    strlist_clear(&d->packs);
    free(d);
}
