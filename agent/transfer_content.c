/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks are planned into the window in order: staged ones one at a time, until the first that is
 * not there; then ahead of writing, so that the wire is kept busy. Only the head is written. */
#include "transfer_content.h"

#include <sodium.h>
#include <string.h>

#include "log.h"
#include "release_index.h"
#include "release_reader.h"
#include "release_writer.h"
#include "transfer_window.h"

enum { TRIES_MAX = 3 };

struct transfer_content {
    struct manifest_reader *chunks;
    struct release_writer *writer;
    struct release_reader *staged; /* NULL: nothing more is staged */
    struct release_index *old;     /* NULL: nothing to reuse */
    struct opener *opener;         /* made for the first chunk that arrives */
    struct transfer_window window;
    struct transfer_counts counts;
    uint64_t planned; /* chunks */
    bool is_indexing;
    bool is_planned; /* all chunks */
    bool is_whole;
    /* The head's content on its way into the tree. */
    const uint8_t *content; /* NULL: none; in buffer or the opener */
    size_t used;
    size_t filled; /* bytes of buffer read from staged */
    uint8_t buffer[CHUNK_MAX];
};

enum err transfer_content_open(const struct release_place *place, const struct release_place *old,
                               const char *temp_dir, struct transfer_content **out, struct error *e)
{
    AUTO(transfer_content_free) struct transfer_content *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a transfer");
    enum err err = release_writer_open(place, &c->writer, e);
    if (err == ERR_OK)
        err = manifest_reader_open(place->manifest_path, place->package, &c->chunks, e);
    if (err == ERR_OK)
        err = release_reader_open(place, &c->staged, e);
    if (err != ERR_OK)
        return err;
    struct error why = {0};
    if (old != NULL && release_index_open(old, temp_dir, &c->old, &why) != ERR_OK)
        log_info("nothing to reuse: %s", why.text);
    c->is_indexing = c->old != NULL;
    *out = TAKE(c);
    return ERR_OK;
}

void transfer_content_free(struct transfer_content *c)
{
    if (c == NULL)
        return;
    transfer_window_clear(&c->window);
    manifest_reader_free(c->chunks);
    release_writer_free(c->writer);
    release_reader_free(c->staged);
    release_index_free(c->old);
    opener_free(c->opener);
    free(c);
}

static bool has_digest(const struct chunk *chunk, const uint8_t *content)
{
    uint8_t digest[DIGEST_BYTES];
    crypto_generichash(digest, sizeof(digest), content, chunk->size, NULL, 0);
    return memcmp(digest, chunk->digest, sizeof(digest)) == 0;
}

static void index_step(struct transfer_content *c)
{
    struct error e = {0};
    enum err err = release_index_build(c->old, &c->is_indexing, &e);
    if (err == ERR_OK)
        return;
    log_info("nothing to reuse: %s", e.text);
    release_index_free(c->old);
    c->old = NULL;
    c->is_indexing = false;
}

/* Where the chunk of s is to come from, now that it is not staged. */
static void choose_source(struct transfer_content *c, struct slot *s)
{
    bool is_local = c->old != NULL && release_index_find(c->old, &s->chunk, &s->old_offset);
    s->state = is_local ? SLOT_LOCAL : SLOT_WANTED;
}

static enum err plan(struct transfer_content *c, struct error *e)
{
    while (!c->is_planned && (c->staged == NULL || c->window.count == 0)) {
        struct slot *s = transfer_window_add(&c->window);
        if (s == NULL)
            return ERR_OK;
        bool more;
        enum err err = manifest_reader_chunk(c->chunks, &s->chunk, &more, e);
        if (err != ERR_OK || !more) {
            c->window.count--;
            c->is_planned = true;
            return err;
        }
        if (s->chunk.size > CHUNK_MAX || s->chunk.sealed_size > SEALED_MAX)
            return error_set(e, ERR_CORRUPT, "chunk %llu is too large",
                             (unsigned long long)c->planned);
        s->index = c->planned++;
        if (c->staged != NULL)
            s->state = SLOT_STAGED;
        else
            choose_source(c, s);
    }
    return ERR_OK;
}

static void end_of_staged(struct transfer_content *c, struct slot *s)
{
    release_reader_free(c->staged);
    c->staged = NULL;
    c->filled = 0;
    choose_source(c, s);
}

static void read_staged(struct transfer_content *c, struct slot *s)
{
    size_t got = 0;
    bool more = false;
    enum err err = release_reader_read(c->staged, c->buffer + c->filled, s->chunk.size - c->filled,
                                       &got, &more, NULL);
    c->filled += got;
    if (err == ERR_OK && c->filled < s->chunk.size && more)
        return;
    if (err == ERR_OK && c->filled == s->chunk.size && has_digest(&s->chunk, c->buffer)) {
        c->content = c->buffer;
        c->filled = 0;
        return;
    }
    end_of_staged(c, s);
}

static void read_local(struct transfer_content *c, struct slot *s)
{
    enum err err = release_index_read(c->old, s->old_offset, c->buffer, s->chunk.size, NULL);
    if (err == ERR_OK && has_digest(&s->chunk, c->buffer))
        c->content = c->buffer;
    else /* changed on the device */
        transfer_window_want(&c->window, s);
}

static enum err open_arrived(struct transfer_content *c, struct slot *s, struct error *e)
{
    if (c->opener == NULL)
        c->opener = opener_new();
    if (c->opener == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to open chunks");
    enum err err = opener_open_unnamed(c->opener, &s->chunk, zmq_msg_data(&s->sealed),
                                       zmq_msg_size(&s->sealed), &c->content, e);
    if (err != ERR_CORRUPT)
        return err;
    c->content = NULL;
    if (++s->tries == TRIES_MAX)
        return error_wrap(e, err, "chunk %llu came damaged %d times", (unsigned long long)s->index,
                          TRIES_MAX);
    log_warn("chunk %llu: %s; asking again", (unsigned long long)s->index, e->text);
    transfer_window_want(&c->window, s);
    return ERR_OK;
}

/* Gets the head's content, if that is possible now. */
static enum err read_head(struct transfer_content *c, struct slot *s, struct error *e)
{
    c->used = 0;
    if (s->state == SLOT_STAGED)
        read_staged(c, s);
    else if (s->state == SLOT_LOCAL)
        read_local(c, s);
    else if (s->state == SLOT_ARRIVED)
        return open_arrived(c, s, e);
    return ERR_OK;
}

static enum err write_head(struct transfer_content *c, struct slot *s, struct error *e)
{
    const uint8_t *from = c->content + c->used;
    size_t left = s->chunk.size - c->used;
    size_t used = 0;
    enum err err = s->state == SLOT_STAGED ? release_writer_keep(c->writer, from, left, &used, e)
                                           : release_writer_write(c->writer, from, left, &used, e);
    c->used += used;
    if (err != ERR_OK || c->used < s->chunk.size)
        return err;
    c->counts.done += s->chunk.size;
    c->counts.resumed += s->state == SLOT_STAGED ? s->chunk.size : 0;
    c->counts.reused += s->state == SLOT_LOCAL ? s->chunk.size : 0;
    c->content = NULL;
    transfer_window_pop(&c->window);
    return ERR_OK;
}

static bool can_work(struct transfer_content *c)
{
    const struct slot *s = transfer_window_head(&c->window);
    return s == NULL ? !c->is_whole : s->state != SLOT_WANTED && s->state != SLOT_ASKED;
}

enum err transfer_content_step(struct transfer_content *c, bool *more, struct error *e)
{
    *more = true;
    if (c->is_indexing) {
        index_step(c);
        return ERR_OK;
    }
    enum err err = plan(c, e);
    if (err != ERR_OK)
        return err;
    struct slot *s = transfer_window_head(&c->window);
    if (s == NULL) {
        bool is_finishing = false;
        err = c->is_whole ? ERR_OK : release_writer_finish(c->writer, &is_finishing, e);
        c->is_whole = err == ERR_OK && !is_finishing;
        *more = is_finishing;
        return err;
    }
    if (c->content == NULL)
        err = read_head(c, s, e);
    if (err == ERR_OK && c->content != NULL)
        err = write_head(c, s, e);
    if (err == ERR_OK)
        err = plan(c, e);
    *more = can_work(c);
    return err;
}

bool transfer_content_is_whole(const struct transfer_content *c)
{
    return c->is_whole;
}

const struct transfer_counts *transfer_content_counts(const struct transfer_content *c)
{
    return &c->counts;
}

bool transfer_content_ask(struct transfer_content *c, uint64_t *first, uint32_t *count)
{
    return transfer_window_ask(&c->window, first, count);
}

void transfer_content_lost(struct transfer_content *c)
{
    transfer_window_lost(&c->window);
}

void transfer_content_arrived(struct transfer_content *c, uint64_t index, zmq_msg_t *take_sealed)
{
    transfer_window_arrived(&c->window, index, take_sealed);
}
