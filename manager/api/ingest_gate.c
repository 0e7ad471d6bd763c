/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest_gate.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct ingest_gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned running; /* under the lock, as are the next two */
    unsigned waiting;
    bool is_closed;
};

struct ingest_gate *ingest_gate_new(void)
{
    struct ingest_gate *g = calloc(1, sizeof(*g));
    if (g == NULL)
        return NULL;
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
    return g;
}

void ingest_gate_free(struct ingest_gate *g)
{
    if (g == NULL)
        return;
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

/* Under the lock. */
static enum err wait_for_turn(struct ingest_gate *g, struct error *e)
{
    if (g->running >= INGESTS_RUNNING && g->waiting >= INGESTS_WAITING)
        return error_set(e, ERR_UNAVAILABLE, "%u packages are being made and %u wait; try later",
                         g->running, g->waiting);
    g->waiting++;
    while (g->running >= INGESTS_RUNNING && !g->is_closed)
        pthread_cond_wait(&g->changed, &g->lock);
    g->waiting--;
    if (g->is_closed)
        return error_set(e, ERR_UNAVAILABLE, "the manager is stopping");
    g->running++;
    return ERR_OK;
}

enum err ingest_gate_enter(struct ingest_gate *g, struct error *e)
{
    pthread_mutex_lock(&g->lock);
    enum err err = wait_for_turn(g, e);
    pthread_mutex_unlock(&g->lock);
    return err;
}

void ingest_gate_leave(struct ingest_gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->running--;
    pthread_cond_signal(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

void ingest_gate_close(struct ingest_gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->is_closed = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}
