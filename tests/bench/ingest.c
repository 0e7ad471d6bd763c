/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast-bench-ingest: how fast packages are made, and in how much memory. Makes a package of the
 * tree NAME below ROOT twice, the second time from stored chunks, and reads it back; DIRECTORY
 * takes the data. Usage: hivecast-bench-ingest DIRECTORY ROOT NAME. Prints one JSON object. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "clock.h"
#include "keys.h"
#include "package_store.h"
#include "store_backends.h"

static void check(enum err err, const struct error *e)
{
    if (err == ERR_OK)
        return;
    fprintf(stderr, "%s: %s\n", err_name(err), e->text);
    _exit(1);
}

static long peak_kib(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

struct bench {
    struct store *store;
    struct store *reader;
    struct package_store *packages;
    const char *root;
    const char *name;
    uint64_t version;
};

static void commit(struct bench *b, struct package_draft *d, struct error *e)
{
    struct task t = {.version = ++b->version, .has_package = true};
    snprintf(t.id, sizeof(t.id), "task-%d", (int)b->version);
    snprintf(t.package_id, sizeof(t.package_id), "%s", d->id);
    check(store_begin(b->store, e), e);
    check(package_draft_commit(d, b->store, e), e);
    check(store_task_insert(b->store, &t, e), e);
    check(store_commit(b->store, e), e);
}

static void measure(struct bench *b, const char *what, struct package_draft **out, struct error *e)
{
    static const struct archive_limits limits = {.content_max = UINT64_MAX,
                                                 .entries_max = PACKAGE_ENTRIES_MAX};
    AUTO(package_source_free) struct package_source *source = NULL;
    struct strlist paths = {0};
    long before = peak_kib();
    check(strlist_add(&paths, b->name, e), e);
    int64_t start = clock_monotonic_ms();
    check(package_source_paths(b->root, &paths, &limits, &source, e), e);
    check(package_store_ingest(b->packages, source, b->reader, out, e), e);
    int64_t made = clock_monotonic_ms();
    commit(b, *out, e);
    int64_t committed = clock_monotonic_ms();
    strlist_clear(&paths);
    const struct package_info *info = &(*out)->info;
    double mb = (double)info->content_size / 1e6;
    printf("  \"%s\": {\"content_mb\": %.1f, \"sealed_mb\": %.1f, \"entries\": %llu, "
           "\"chunks\": %llu, \"seconds\": %.3f, \"mb_per_second\": %.0f, \"commit_ms\": %lld, "
           "\"rss_before_kib\": %ld, \"rss_peak_kib\": %ld},\n",
           what, mb, (double)info->sealed_size / 1e6, (unsigned long long)info->entry_count,
           (unsigned long long)info->chunk_count, (double)(made - start) / 1e3,
           mb * 1e3 / (double)(made - start + 1), (long long)(committed - made), before,
           peak_kib());
}

static void measure_reading(struct bench *b, const struct package_draft *d, struct error *e)
{
    static uint8_t sealed[SEALED_MAX];
    AUTO(package_close) struct package *p = NULL;
    int64_t start = clock_monotonic_ms();
    check(package_open(b->packages, d->id, &p, e), e);
    for (uint64_t i = 0; i < package_chunk_count(p); i++) {
        uint32_t size = 0;
        check(package_chunk_size(p, i, &size, e), e);
        check(package_read_chunk(p, i, sealed, size, e), e);
    }
    int64_t took = clock_monotonic_ms() - start;
    printf("  \"serve\": {\"seconds\": %.3f, \"mb_per_second\": %.0f}\n", (double)took / 1e3,
           (double)d->info.sealed_size / 1e3 / (double)(took + 1));
}

int main(int argc, char **argv)
{
    static const uint8_t secret[KEY_BYTES] = {1};
    struct error e = {.code = ERR_OK};
    if (argc != 4) {
        fprintf(stderr, "usage: hivecast-bench-ingest DIRECTORY ROOT NAME\n");
        return 2;
    }
    struct bench b = {.root = argv[2], .name = argv[3]};
    AUTO(package_draft_free) struct package_draft *first = NULL;
    AUTO(package_draft_free) struct package_draft *second = NULL;
    char db[4096];
    snprintf(db, sizeof(db), "%s/bench.db", argv[1]);
    check(keys_init(&e), &e);
    check(store_open("sqlite", db, &b.store, &e), &e);
    check(store_open_reader("sqlite", db, &b.reader, &e), &e);
    check(package_store_open(argv[1], secret, 3, &b.packages, &e), &e);
    puts("{");
    measure(&b, "first", &first, &e);
    measure(&b, "again", &second, &e);
    measure_reading(&b, first, &e);
    puts("}");
    package_draft_free(TAKE(first));
    package_draft_free(TAKE(second));
    package_store_close(b.packages);
    store_close(b.reader);
    store_close(b.store);
    return 0;
}
