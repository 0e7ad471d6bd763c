/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "chunker.h"
#include "fs.h"
#include "sample_package.h"

enum { MTIME = 1700000000 };

/* A byte depends on its word's place alone, so any part can be made. */
static uint64_t word_at(unsigned seed, uint64_t place)
{
    uint64_t z = place * 0x9e3779b97f4a7c15u + seed * 0xd1342543de82ef95u + 1;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void sample_content(unsigned seed, uint64_t offset, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint64_t at = offset + i;
        out[i] = (uint8_t)(word_at(seed, at / 8) >> (8 * (at % 8)));
    }
}

static uint64_t content_size(const struct sample_file *f)
{
    return f->type == ENTRY_FILE ? f->size : 0;
}

static void add_entry(struct manifest_writer *w, const struct sample_file *f, bool is_lying)
{
    struct entry entry = {
        .type = f->type,
        .mode = f->mode,
        .size = content_size(f),
        .mtime = MTIME,
    };
    snprintf(entry.path, sizeof(entry.path), "%s", f->path);
    if (f->link_target != NULL)
        snprintf(entry.link_target, sizeof(entry.link_target), "%s", f->link_target);
    if (f->type == ENTRY_FILE) {
        uint8_t *content = malloc(f->size + 1);
        assert_non_null(content);
        sample_content(f->seed, 0, content, f->size);
        crypto_generichash(entry.digest, sizeof(entry.digest), content, f->size, NULL, 0);
        entry.digest[0] ^= is_lying ? 1 : 0;
        free(content);
    }
    assert_int_equal(manifest_writer_entry(w, &entry, NULL), ERR_OK);
}

static void add_chunk(struct sample_package *p, struct sealer *s, struct manifest_writer *w,
                      const uint8_t *content, size_t size)
{
    const uint8_t *sealed;
    size_t n = p->chunk_count++;
    p->chunks = realloc(p->chunks, p->chunk_count * sizeof(*p->chunks));
    p->sealed = realloc(p->sealed, p->chunk_count * sizeof(*p->sealed));
    assert_non_null(p->chunks);
    assert_non_null(p->sealed);
    assert_int_equal(sealer_seal(s, content, size, &p->chunks[n], &sealed, NULL), ERR_OK);
    p->sealed[n] = (struct bytes){0};
    assert_int_equal(bytes_append(&p->sealed[n], sealed, p->chunks[n].sealed_size, NULL), ERR_OK);
    assert_int_equal(manifest_writer_chunk(w, &p->chunks[n], NULL), ERR_OK);
    p->info.sealed_size += p->chunks[n].sealed_size;
}

static enum err to_bytes(void *arg, const uint8_t *data, size_t size, struct error *e)
{
    return bytes_append(arg, data, size, e);
}

void sample_package_make(struct sample_package *p, const char *dir, const struct sample_file *files,
                         size_t count, bool is_lying)
{
    static const uint8_t secret[KEY_BYTES] = {7};
    *p = (struct sample_package){0};
    struct manifest_writer *w;
    struct sealer *s = sealer_new(secret, 1);
    assert_non_null(s);
    assert_int_equal(manifest_writer_new(dir, &w, NULL), ERR_OK);
    struct bytes stream = {0};
    for (size_t i = 0; i < count; i++) {
        size_t size = (size_t)content_size(&files[i]);
        add_entry(w, &files[i], is_lying && i + 1 == count);
        assert_int_equal(bytes_reserve(&stream, size, NULL), ERR_OK);
        sample_content(files[i].seed, 0, stream.data + stream.size, size);
        stream.size += size;
    }
    for (size_t at = 0; at < stream.size;) {
        size_t left = stream.size - at;
        size_t size = chunker_cut(stream.data + at, left < CHUNK_MAX ? left : CHUNK_MAX);
        add_chunk(p, s, w, stream.data + at, size);
        at += size;
    }
    uint64_t sealed_size = p->info.sealed_size;
    assert_int_equal(manifest_writer_finish(w, to_bytes, &p->manifest, &p->info, NULL), ERR_OK);
    p->info.sealed_size = sealed_size;
    bytes_clear(&stream);
    manifest_writer_free(w);
    sealer_free(s);
}

void sample_package_clear(struct sample_package *p)
{
    for (size_t i = 0; i < p->chunk_count; i++)
        bytes_clear(&p->sealed[i]);
    free(p->sealed);
    free(p->chunks);
    bytes_clear(&p->manifest);
    *p = (struct sample_package){0};
}

static void path_of(char *out, size_t size, const char *tree, const char *path)
{
    assert_true(snprintf(out, size, "%s/%s", tree, path) < (int)size);
}

static void install_one(const char *path, const char *tree, const struct sample_file *f)
{
    char target[512];
    if (f->type == ENTRY_DIRECTORY) {
        assert_int_equal(mkdir(path, f->mode), 0);
        return;
    }
    if (f->type == ENTRY_SYMLINK) {
        assert_int_equal(symlink(f->link_target, path), 0);
        return;
    }
    if (f->type == ENTRY_HARDLINK) {
        path_of(target, sizeof(target), tree, f->link_target);
        assert_int_equal(link(target, path), 0);
        return;
    }
    uint8_t *content = malloc(f->size + 1);
    assert_non_null(content);
    sample_content(f->seed, 0, content, f->size);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, f->mode);
    assert_true(fd >= 0);
    assert_int_equal(fs_write_all(fd, content, f->size, NULL), ERR_OK);
    assert_int_equal(fchmod(fd, f->mode), 0);
    close(fd);
    free(content);
}

void sample_package_install(const char *tree, const struct sample_file *files, size_t count)
{
    assert_int_equal(fs_mkdirs(tree, 0755, NULL), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        char path[512];
        path_of(path, sizeof(path), tree, files[i].path);
        install_one(path, tree, &files[i]);
    }
}

static void compare_file(const char *path, const struct sample_file *f, const struct stat *st)
{
    assert_int_equal(st->st_size, f->size);
    assert_int_equal(st->st_mtime, MTIME);
    assert_int_equal(st->st_mode, S_IFREG | f->mode);
    struct bytes found = {0};
    uint8_t *content = malloc(f->size + 1);
    assert_non_null(content);
    sample_content(f->seed, 0, content, f->size);
    assert_int_equal(fs_read(path, f->size, &found, NULL), ERR_OK);
    assert_int_equal(found.size, f->size);
    assert_true(f->size == 0 || memcmp(found.data, content, f->size) == 0);
    bytes_clear(&found);
    free(content);
}

static void compare_link(const char *path, const struct sample_file *f)
{
    char target[512];
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    assert_true(length >= 0);
    target[length] = '\0';
    assert_string_equal(target, f->link_target);
}

void sample_package_compare(const char *tree, const struct sample_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct sample_file *f = &files[i];
        char path[512];
        path_of(path, sizeof(path), tree, f->path);
        struct stat st;
        assert_int_equal(lstat(path, &st), 0);
        if (f->type == ENTRY_FILE)
            compare_file(path, f, &st);
        else if (f->type == ENTRY_SYMLINK)
            compare_link(path, f);
        else if (f->type == ENTRY_DIRECTORY)
            assert_int_equal(st.st_mode, S_IFDIR | f->mode);
        else
            assert_true(st.st_nlink > 1);
    }
}
