/* SPDX-License-Identifier: Apache-2.0 */
#include "package_suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"
#include "keys.h"

static const uint8_t secret[KEY_BYTES] = {1, 2, 3};

int package_set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    char db[128];
    snprintf(f->dir, sizeof(f->dir), "/tmp/hivecast-packages-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->data, sizeof(f->data), "%s/data", f->dir);
    snprintf(f->tree, sizeof(f->tree), "%s/tree", f->dir);
    snprintf(db, sizeof(db), "%s/manager.db", f->dir);
    OK(keys_init(e));
    OK(fs_mkdirs(f->tree, 0755, e));
    OK(store_open("sqlite", db, &f->store, e));
    OK(store_open_reader("sqlite", db, &f->reader, e));
    OK(package_store_open(f->data, secret, 3, &f->packages, e));
    *state = f;
    return 0;
}

int package_tear_down(void **state)
{
    struct fixture *f = *state;
    package_store_close(f->packages);
    store_close(f->reader);
    store_close(f->store);
    OK(fs_remove(f->dir, e));
    free(f);
    return 0;
}

void package_ok(enum err err, const struct error *e)
{
    if (err != ERR_OK)
        fail_msg("%s: %s", err_name(err), e->text);
}

void package_reopen(struct fixture *f)
{
    package_store_close(f->packages);
    OK(package_store_open(f->data, secret, 3, &f->packages, e));
}

/* Makes the directories above path and returns its full name; the caller frees. */
static char *tree_path(struct fixture *f, const char *path)
{
    char *full = NULL;
    OK(fs_join(f->tree, path, &full, e));
    char *slash = strrchr(full, '/');
    *slash = '\0';
    OK(fs_mkdirs(full, 0755, e));
    *slash = '/';
    return full;
}

void tree_file(struct fixture *f, const char *path, const void *data, size_t size, unsigned mode)
{
    AUTO_FREE char *full = tree_path(f, path);
    OK(fs_write(full, data, size, mode, e));
}

void fill_noise(uint8_t *data, size_t size, uint32_t seed)
{
    uint64_t x = seed * 2654435761ULL + 1;
    for (size_t i = 0; i < size; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        data[i] = (uint8_t)(x >> 32);
    }
}

void tree_noise(struct fixture *f, const char *path, size_t size, uint32_t seed)
{
    AUTO_FREE uint8_t *data = malloc(size);
    assert_non_null(data);
    fill_noise(data, size, seed);
    tree_file(f, path, data, size, 0644);
}

void tree_dir(struct fixture *f, const char *path)
{
    AUTO_FREE char *full = tree_path(f, path);
    OK(fs_mkdirs(full, 0755, e));
}

void tree_link(struct fixture *f, const char *path, const char *target)
{
    AUTO_FREE char *full = tree_path(f, path);
    assert_int_equal(symlink(target, full), 0);
}

enum err package_of_path(struct fixture *f, const char *path, struct package_draft **out,
                         struct error *e)
{
    static const struct archive_limits limits = {.content_max = 1ULL << 40, .entries_max = 10000};
    AUTO(package_source_free) struct package_source *source = NULL;
    struct strlist paths = {0};
    enum err err = strlist_add(&paths, path, e);
    if (err == ERR_OK)
        err = package_source_paths(f->tree, &paths, &limits, &source, e);
    strlist_clear(&paths);
    return err == ERR_OK ? package_store_ingest(f->packages, source, f->reader, out, e) : err;
}

void package_commit(struct fixture *f, struct package_draft *d)
{
    struct task t = {.version = ++f->versions, .has_package = true};
    snprintf(t.id, sizeof(t.id), "task-%d", (int)f->versions);
    snprintf(t.package_id, sizeof(t.package_id), "%s", d->id);
    OK(store_begin(f->store, e));
    OK(package_draft_commit(d, f->store, e));
    OK(store_task_insert(f->store, &t, e));
    OK(store_commit(f->store, e));
}

void package_make(struct fixture *f, const char *path, struct package_draft **out)
{
    OK(package_of_path(f, path, out, e));
    package_commit(f, *out);
}

static bool remove_package(void *arg, const char *id)
{
    package_store_remove_package(arg, id);
    return true;
}

static bool remove_pack(void *arg, const char *id)
{
    package_store_remove_pack(arg, id);
    return true;
}

void package_delete_tasks(struct fixture *f, uint64_t up_to)
{
    OK(store_begin(f->store, e));
    for (uint64_t i = 1; i <= up_to; i++) {
        char id[TASK_ID_SIZE];
        struct error ignored;
        snprintf(id, sizeof(id), "task-%d", (int)i);
        enum err err = store_task_delete(f->store, id, &ignored);
        assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
    }
    OK(store_package_collect(f->store, remove_package, remove_pack, f->packages, e));
    OK(store_commit(f->store, e));
}

/* Writes the plain manifest to a file and opens it. */
static void open_manifest(struct fixture *f, struct package *p, const struct package_info *info,
                          struct manifest_reader **out)
{
    static uint8_t piece[MANIFEST_PIECE];
    struct bytes all = {0};
    size_t got = 0;
    AUTO_FREE char *path = NULL;
    assert_int_equal(package_manifest_size(p), info->manifest_size);
    for (uint64_t at = 0; at < info->manifest_size; at += MANIFEST_PIECE) {
        OK(package_read_manifest(p, at, piece, &got, e));
        OK(bytes_append(&all, piece, got, e));
    }
    OK(fs_join(f->dir, "manifest", &path, e));
    OK(fs_write(path, all.data, all.size, 0600, e));
    bytes_clear(&all);
    OK(manifest_reader_open(path, info, out, e));
}

static enum err read_chunks(struct package *p, struct manifest_reader *manifest,
                            struct bytes *content, struct error *e)
{
    static uint8_t sealed[SEALED_MAX];
    AUTO(opener_free) struct opener *opener = opener_new();
    struct chunk chunk;
    bool more = true;
    uint64_t index = 0;
    enum err err = ERR_OK;
    assert_non_null(opener);
    while ((err = manifest_reader_chunk(manifest, &chunk, &more, e)) == ERR_OK && more) {
        const uint8_t *plain = NULL;
        uint32_t size = 0;
        err = package_chunk_size(p, index, &size, e);
        if (err == ERR_OK)
            err = package_read_chunk(p, index, sealed, size, e);
        if (err == ERR_OK)
            err = opener_open(opener, &chunk, sealed, size, &plain, e);
        if (err == ERR_OK)
            err = bytes_append(content, plain, chunk.size, e);
        if (err != ERR_OK)
            return err;
        index++;
    }
    if (err == ERR_OK)
        assert_int_equal(index, package_chunk_count(p));
    return err;
}

enum err package_read_all(struct fixture *f, const struct package_draft *d, struct error *e)
{
    AUTO(package_close) struct package *p = NULL;
    AUTO(manifest_reader_free) struct manifest_reader *manifest = NULL;
    struct bytes content = {0};
    enum err err = package_open(f->packages, d->id, &p, e);
    if (err != ERR_OK)
        return err;
    open_manifest(f, p, &d->info, &manifest);
    err = read_chunks(p, manifest, &content, e);
    bytes_clear(&content);
    return err;
}

static size_t count_below(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    if (!S_ISDIR(st.st_mode))
        return 1;
    size_t count = 1;
    DIR *stream = opendir(path);
    assert_non_null(stream);
    const struct dirent *entry = NULL;
    while ((entry = readdir(stream)) != NULL) { // NOLINT(concurrency-mt-unsafe)
        AUTO_FREE char *below = NULL;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        OK(fs_join(path, entry->d_name, &below, e));
        count += count_below(below);
    }
    closedir(stream);
    return count;
}

static void check_file(const char *path, const struct entry *entry, const uint8_t *content)
{
    struct bytes expected = {0};
    OK(fs_read(path, 1U << 30, &expected, e));
    assert_int_equal(entry->size, expected.size);
    if (expected.size > 0)
        assert_memory_equal(content, expected.data, expected.size);
    bytes_clear(&expected);
}

static void check_entry(const char *root, const struct entry *entry, const uint8_t *content)
{
    struct stat st;
    char target[PATH_LENGTH_MAX + 1] = "";
    AUTO_FREE char *path = NULL;
    OK(fs_join(root, entry->path, &path, e));
    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(entry->mode, st.st_mode & 0777);
    assert_int_equal(entry->mtime, st.st_mtim.tv_sec);
    switch (entry->type) {
    case ENTRY_FILE:
        assert_true(S_ISREG(st.st_mode));
        check_file(path, entry, content);
        break;
    case ENTRY_DIRECTORY:
        assert_true(S_ISDIR(st.st_mode));
        break;
    case ENTRY_SYMLINK:
        assert_true(readlink(path, target, sizeof(target) - 1) > 0);
        assert_string_equal(entry->link_target, target);
        break;
    default:
        fail_msg("%s has type %d", entry->path, entry->type);
    }
}

void package_check(struct fixture *f, const struct package_draft *d, const char *path)
{
    AUTO(package_close) struct package *p = NULL;
    AUTO(manifest_reader_free) struct manifest_reader *manifest = NULL;
    AUTO_FREE char *root = NULL;
    AUTO_FREE struct entry *entry = calloc(1, sizeof(*entry));
    struct bytes content = {0};
    size_t at = 0;
    size_t count = 0;
    bool more = true;
    assert_non_null(entry);
    OK(package_open(f->packages, d->id, &p, e));
    open_manifest(f, p, &d->info, &manifest);
    OK(read_chunks(p, manifest, &content, e));
    OK(fs_join(f->tree, path, &root, e));
    for (;;) {
        OK(manifest_reader_entry(manifest, entry, &more, e));
        if (!more)
            break;
        check_entry(root, entry, content.data + at);
        at += entry->type == ENTRY_FILE ? entry->size : 0;
        count++;
    }
    assert_int_equal(at, content.size);
    assert_int_equal(count, count_below(root) - 1);
    assert_int_equal(count, d->info.entry_count);
    bytes_clear(&content);
}

size_t package_count_files(struct fixture *f, const char *dir)
{
    AUTO_FREE char *path = NULL;
    OK(fs_join(f->data, dir, &path, e));
    size_t count = 0;
    DIR *stream = opendir(path);
    assert_non_null(stream);
    const struct dirent *entry = NULL;
    while ((entry = readdir(stream)) != NULL) // NOLINT(concurrency-mt-unsafe)
        count += entry->d_name[0] != '.';
    closedir(stream);
    return count;
}
