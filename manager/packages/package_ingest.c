/* SPDX-License-Identifier: Apache-2.0 */
/* package_ingest: makes a package of what a source gives. Content runs through one buffer, is cut
 * into chunks, sealed, and appended to the pack unless the store has the chunk already. Everything
 * is written under names that end in ".new", synced, and renamed at the end. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "chunker.h"
#include "fs.h"
#include "names.h"
#include "package_files.h"
#include "package_output.h"

enum {
    BUFFER_SIZE = 1024 * 1024,
    READ_SIZE = 64 * 1024,
    /* A file of this size begins with a chunk of its own, so that it is found again wherever it
       stands in another package. */
    OWN_CHUNK = CHUNK_AVERAGE
};

struct ingest {
    struct package_output *output;
    struct package_source *source;
    struct entry entry;
    size_t start; /* of what is not cut yet */
    size_t end;
    uint8_t buffer[BUFFER_SIZE];
};

/* Cuts while a whole chunk is certain; to_end: all up to limit, whatever follows. */
static enum err cut(struct ingest *in, size_t limit, bool to_end, struct error *e)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && in->start < limit && (to_end || limit - in->start >= CHUNK_MAX)) {
        const uint8_t *data = in->buffer + in->start;
        size_t size = chunker_cut(data, limit - in->start);
        err = package_output_chunk(in->output, data, size, e);
        in->start += size;
    }
    return err;
}

/* Moves what is left to the front when little room is behind it. */
static void make_room(struct ingest *in)
{
    if (BUFFER_SIZE - in->end >= READ_SIZE)
        return;
    memmove(in->buffer, in->buffer + in->start, in->end - in->start);
    in->end -= in->start;
    in->start = 0;
}

/* Reads on until one more piece is there or the file ends. */
static enum err read_piece(struct ingest *in, crypto_generichash_state *digest, bool *is_end,
                           struct error *e)
{
    size_t got = 0;
    make_room(in);
    enum err err = in->source->ops->read(in->source, in->buffer + in->end, READ_SIZE, &got, e);
    if (err != ERR_OK)
        return err;
    crypto_generichash_update(digest, in->buffer + in->end, got);
    in->end += got;
    in->entry.size += got;
    *is_end = got == 0;
    return ERR_OK;
}

static enum err ingest_content(struct ingest *in, struct error *e)
{
    crypto_generichash_state digest;
    crypto_generichash_init(&digest, NULL, 0, DIGEST_BYTES);
    in->entry.size = 0;
    bool is_end = false;
    bool is_large = false;
    enum err err = ERR_OK;
    while (err == ERR_OK && !is_end) {
        err = read_piece(in, &digest, &is_end, e);
        if (err == ERR_OK && !is_large && in->entry.size >= OWN_CHUNK) {
            is_large = true;
            err = cut(in, in->end - (size_t)in->entry.size, true, e);
        }
        if (err == ERR_OK && (is_large || is_end))
            err = cut(in, in->end, false, e);
    }
    crypto_generichash_final(&digest, in->entry.digest, DIGEST_BYTES);
    return err;
}

/* An archive may tell two sizes; a file may grow while it is read. Neither gives what was meant. */
static enum err check_told(uint64_t told, const struct entry *entry, struct error *e)
{
    if (told == 0 || told == entry->size)
        return ERR_OK;
    char shown[80];
    names_printable(entry->path, shown, sizeof(shown));
    return error_set(e, ERR_CORRUPT, "'%s' has %llu bytes, but was told to have %llu", shown,
                     (unsigned long long)entry->size, (unsigned long long)told);
}

static enum err ingest_file(struct ingest *in, struct error *e)
{
    uint64_t told = in->entry.size;
    enum err err = ingest_content(in, e);
    return err == ERR_OK ? check_told(told, &in->entry, e) : err;
}

static enum err ingest_entries(struct ingest *in, struct error *e)
{
    bool more = true;
    enum err err = ERR_OK;
    while (err == ERR_OK) {
        err = in->source->ops->next(in->source, &in->entry, &more, e);
        if (err != ERR_OK || !more)
            break;
        if (in->entry.type == ENTRY_FILE)
            err = ingest_file(in, e);
        if (err == ERR_OK)
            err = package_output_entry(in->output, &in->entry, e);
    }
    return err == ERR_OK ? cut(in, in->end, true, e) : err;
}

static enum err ingest(struct package_draft *d, struct package_source *source, struct store *reader,
                       struct error *e)
{
    AUTO_FREE struct ingest *in = malloc(sizeof(*in));
    AUTO(package_output_free) struct package_output *output = NULL;
    if (in == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to make a package");
    enum err err = package_output_new(d, reader, &output, e);
    if (err != ERR_OK)
        return err;
    in->output = output;
    in->source = source;
    in->start = in->end = 0;
    err = ingest_entries(in, e);
    return err == ERR_OK ? package_output_finish(output, e) : err;
}

static struct package_draft *draft_new(struct package_store *s)
{
    struct package_draft *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return NULL;
    uint8_t id[(UPLOAD_ID_SIZE - 1) / 2];
    randombytes_buf(id, sizeof(id));
    sodium_bin2hex(d->id, sizeof(d->id), id, sizeof(id));
    d->store = s;
    return d;
}

static void enter(struct package_store *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->ingests == INGESTS_MAX)
        pthread_cond_wait(&s->ingest_ended, &s->lock);
    s->ingests++;
    pthread_mutex_unlock(&s->lock);
}

static void leave(struct package_store *s)
{
    pthread_mutex_lock(&s->lock);
    s->ingests--;
    pthread_cond_signal(&s->ingest_ended);
    pthread_mutex_unlock(&s->lock);
}

enum err package_store_ingest(struct package_store *s, struct package_source *source,
                              struct store *reader, struct package_draft **out, struct error *e)
{
    AUTO(package_draft_free) struct package_draft *d = draft_new(s);
    if (d == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to make a package");
    enter(s);
    enum err err = ingest(d, source, reader, e);
    leave(s);
    if (err == ERR_OK)
        *out = TAKE(d);
    return err;
}
