/* SPDX-License-Identifier: Apache-2.0 */
#include "reader_pool.h"

#include <pthread.h>

enum { IDLE_MAX = 8 };

struct reader_pool {
    http_reader_fn *open;
    void *arg;
    pthread_mutex_t lock;
    struct store *idle[IDLE_MAX]; /* under the lock */
    size_t idle_count;            /* under the lock */
};

struct reader_pool *reader_pool_new(http_reader_fn *open, void *arg)
{
    AUTO_FREE struct reader_pool *p = calloc(1, sizeof(*p));
    if (p == NULL || pthread_mutex_init(&p->lock, NULL) != 0)
        return NULL;
    p->open = open;
    p->arg = arg;
    return TAKE(p);
}

void reader_pool_free(struct reader_pool *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->idle_count; i++)
        store_close(p->idle[i]);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

enum err reader_take(struct reader_pool *p, struct reader *out, struct error *e)
{
    struct store *store = NULL;
    pthread_mutex_lock(&p->lock);
    if (p->idle_count > 0)
        store = p->idle[--p->idle_count];
    pthread_mutex_unlock(&p->lock);
    if (store == NULL) {
        enum err err = p->open(p->arg, &store, e);
        if (err != ERR_OK)
            return err;
    }
    *out = (struct reader){.pool = p, .store = store};
    return ERR_OK;
}

void reader_return_auto(struct reader *r)
{
    if (r->store == NULL)
        return;
    struct reader_pool *p = r->pool;
    struct store *store = r->store;
    r->store = NULL;
    pthread_mutex_lock(&p->lock);
    if (p->idle_count < IDLE_MAX) {
        p->idle[p->idle_count++] = store;
        store = NULL;
    }
    pthread_mutex_unlock(&p->lock);
    if (store != NULL)
        store_close(store);
}
