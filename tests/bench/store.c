/* SPDX-License-Identifier: Apache-2.0 */
/* hivecast-bench-store: how fast the SQLite store takes log lines and finds them again, and puts
 * the rows of a large task. Usage: hivecast-bench-store DIRECTORY [MILLIONS]. Prints one JSON
 * object. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "store_backends.h"

enum { BATCH = 1000, TARGETS = 50, REPEATS = 21 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void check(enum err err, const struct error *e)
{
    if (err == ERR_OK)
        return;
    fprintf(stderr, "%s: %s\n", err_name(err), e->text);
    _exit(1);
}

/* Words as programs print them: some in every line, most rare. */
static void make_line(char *out, size_t size, unsigned n)
{
    static const char *const states[] = {"ok", "slow", "retry", "lost"};
    snprintf(out, size, "frame %u sensor s%u value %u.%02u state %s %s", n, n % 97,
             n * 7919 % 100000, n % 100, states[n % 4], n % 1000 == 0 ? "overheated" : "");
}

static void append_turn(struct store *s, unsigned turn, struct error *e)
{
    static char outputs[BATCH][96];
    static struct log_line lines[BATCH];
    char target[32];
    snprintf(target, sizeof(target), "drone-%u", turn % TARGETS);
    for (unsigned i = 0; i < BATCH; i++) {
        make_line(outputs[i], sizeof(outputs[i]), turn * BATCH + i);
        lines[i] = (struct log_line){.time_ms = 1700000000000 + turn * BATCH + i,
                                     .output = outputs[i],
                                     .is_error = i % 500 == 0};
    }
    struct log_batch batch = {.target_id = target,
                              .task_id = turn % 2 == 0 ? "brave-otter" : "calm-crow",
                              .stage = STAGE_RUN,
                              .command = turn % 40 == 0 ? "./rare" : "./sense --all",
                              .lines = lines,
                              .count = BATCH};
    check(store_begin(s, e), e);
    check(store_log_append(s, &batch, e), e);
    check(store_commit(s, e), e);
}

static bool count_line(void *arg, const struct log_row *row)
{
    (void)row;
    ++*(unsigned *)arg;
    return true;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void measure_query(struct store *s, const char *name, struct log_query q, struct error *e)
{
    double times[REPEATS];
    uint64_t total = 0;
    unsigned count = 0;
    if (q.page.size == 0)
        q.page = (struct page){.number = 1, .size = 50};
    for (int i = 0; i < REPEATS; i++) {
        count = 0;
        double start = now_ms();
        check(store_log_query(s, &q, &total, count_line, &count, e), e);
        times[i] = now_ms() - start;
    }
    qsort(times, REPEATS, sizeof(times[0]), compare);
    printf(",\n  {\"query\": \"%s\", \"total\": %llu, \"rows\": %u, \"median_ms\": %.2f,"
           " \"max_ms\": %.2f}",
           name, (unsigned long long)total, count, times[REPEATS / 2], times[REPEATS - 1]);
}

static void measure_queries(struct store *s, struct error *e)
{
    const int64_t start = 1700000000000;
    measure_query(s, "newest", (struct log_query){.text = NULL}, e);
    measure_query(s, "page 1000", (struct log_query){.page = {1000, 100}}, e);
    measure_query(s, "rare word", (struct log_query){.text = "overheated"}, e);
    measure_query(s, "word in 1 of 97", (struct log_query){.text = "s13"}, e);
    measure_query(s, "word in 1 of 4", (struct log_query){.text = "retry"}, e);
    measure_query(s, "word in every line", (struct log_query){.text = "sensor"}, e);
    measure_query(s, "two words", (struct log_query){.text = "s13 overheated"}, e);
    measure_query(s, "phrase", (struct log_query){.text = "\"state lost overheated\""}, e);
    measure_query(s, "prefix", (struct log_query){.text = "overh*"}, e);
    measure_query(s, "rare word of a task",
                  (struct log_query){.text = "overheated", .task_id = "calm-crow"}, e);
    measure_query(s, "word in 1 of 97 of a target",
                  (struct log_query){.text = "s13", .target_id = "drone-3"}, e);
    measure_query(s, "target", (struct log_query){.target_id = "drone-3"}, e);
    measure_query(s, "task", (struct log_query){.task_id = "calm-crow"}, e);
    measure_query(s, "command", (struct log_query){.command = "./rare"}, e);
    measure_query(s, "errors", (struct log_query){.has_error = true, .is_error = true}, e);
    measure_query(s, "errors of a target",
                  (struct log_query){.has_error = true, .is_error = true, .target_id = "drone-3"},
                  e);
    measure_query(s, "one second",
                  (struct log_query){.from_ms = start + 50000, .to_ms = start + 51000}, e);
    measure_query(s, "half of the time", (struct log_query){.from_ms = start + 500000}, e);
    measure_query(s, "half of the time of a target",
                  (struct log_query){.from_ms = start + 500000, .target_id = "drone-3"}, e);
    measure_query(s, "by time", (struct log_query){.sort = LOG_SORT_TIME}, e);
    measure_query(s, "by target", (struct log_query){.sort = LOG_SORT_TARGET}, e);
    measure_query(s, "by task", (struct log_query){.sort = LOG_SORT_TASK}, e);
}

static void measure_logs(struct store *s, unsigned rows, struct error *e)
{
    double worst = 0;
    double start = now_ms();
    for (unsigned turn = 0; turn < rows / BATCH; turn++) {
        double before = now_ms();
        append_turn(s, turn, e);
        double took = now_ms() - before;
        worst = took > worst ? took : worst;
    }
    double seconds = (now_ms() - start) / 1e3;
    printf("[{\"rows\": %u, \"batch\": %d, \"rows_per_second\": %.0f, \"worst_turn_ms\": %.1f}",
           rows, BATCH, rows / seconds, worst);
}

static void put_targets(struct store *s, unsigned count, struct error *e)
{
    check(store_begin(s, e), e);
    for (unsigned i = 0; i < count; i++) {
        struct target t = {.registered_ms = 1};
        snprintf(t.id, sizeof(t.id), "drone-%u", i);
        memcpy(t.public_key, &i, sizeof(i));
        check(store_target_put(s, &t, e), e);
    }
    check(store_commit(s, e), e);
}

static void measure_rows(struct store *s, unsigned count, struct error *e)
{
    put_targets(s, count, e);
    struct task t = {.id = "brave-otter", .version = 1};
    double start = now_ms();
    check(store_begin(s, e), e);
    check(store_task_insert(s, &t, e), e);
    for (unsigned i = 0; i < count; i++) {
        struct task_target row = {.task_id = "brave-otter", .version = 1, .state = TASK_PENDING};
        snprintf(row.target_id, sizeof(row.target_id), "drone-%u", i);
        check(store_row_put(s, &row, e), e);
    }
    check(store_commit(s, e), e);
    double took = now_ms() - start;
    struct task_counts counts;
    start = now_ms();
    check(store_row_counts(s, "brave-otter", &counts, e), e);
    printf(",\n  {\"task_rows\": %u, \"insert_ms\": %.1f, \"counts_ms\": %.2f}]\n", count, took,
           now_ms() - start);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: hivecast-bench-store DIRECTORY [MILLIONS]\n");
        return 2;
    }
    char path[4096];
    struct error e = {.code = ERR_OK};
    struct store *s = NULL;
    snprintf(path, sizeof(path), "%s/bench.db", argv[1]);
    unsigned rows = (argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1) * 1000000;
    check(store_open("sqlite", path, &s, &e), &e);
    measure_logs(s, rows, &e);
    measure_queries(s, &e);
    measure_rows(s, 10000, &e);
    store_close(s);
    return 0;
}
