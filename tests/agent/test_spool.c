/* SPDX-License-Identifier: Apache-2.0 */
/* Reports here are texts; each says its own number, so that order and content can be checked. */
#include "run_support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "hivecast/v1/manager.pb-c.h"
#include "spool.h"

enum { SMALL_BYTES = 64 * 1024, LARGE_BYTES = 4 * 1024 * 1024 };

static const struct spool_weight one_line = {.lines = 1, .first_ms = 1000, .last_ms = 2000};

static int set_up(void **state)
{
    char *dir = calloc(1, 64);
    assert_non_null(dir);
    run_support_make_dir(dir);
    *state = dir;
    return 0;
}

static int tear_down(void **state)
{
    run_support_remove_dir(*state);
    free(*state);
    return 0;
}

static void append(struct spool *s, uint64_t number, size_t size)
{
    char text[4096];
    memset(text, '.', sizeof(text));
    int used = snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    text[used] = '.';
    spool_append(s, text, size, &one_line);
}

/* The next element of a batch: its content and size. */
static const uint8_t *element(const uint8_t **at, const uint8_t *end, size_t *size)
{
    assert_int_equal(*(*at)++, 0x1a);
    *size = 0;
    for (int shift = 0;; shift += 7) {
        assert_true(*at < end);
        uint8_t byte = *(*at)++;
        *size |= (size_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    const uint8_t *content = *at;
    *at += *size;
    assert_true(*at <= end);
    return content;
}

struct totals {
    uint64_t next; /* expected sequence number */
    uint64_t texts, empty, lost_reports, lost_lines;
};

static void check_element(struct totals *t, const uint8_t *content, size_t size, uint64_t number)
{
    if (size == 0) {
        t->empty++;
        return;
    }
    Hivecast__V1__Report *report = NULL;
    if (content[0] < '0' || content[0] > '9')
        report = hivecast__v1__report__unpack(NULL, size, content);
    if (report != NULL && report->what_case == HIVECAST__V1__REPORT__WHAT_LOST) {
        t->lost_reports++;
        t->lost_lines += report->lost->lines;
        assert_int_equal(report->lost->first_time_ms, 1000);
        assert_int_equal(report->lost->last_time_ms, 2000);
    } else {
        t->texts++;
        if (number != 0)
            assert_int_equal(strtoull((const char *)content, NULL, 10), number);
    }
    if (report != NULL)
        hivecast__v1__report__free_unpacked(report, NULL);
}

/* One batch, as the sender takes it. False when there is none. */
static bool take_batch(struct spool *s, size_t max, struct totals *t, bool is_numbered)
{
    struct bytes raw = {0};
    uint64_t first_seq;
    size_t count;
    ASSERT_OK(spool_peek(s, max, &raw, &first_seq, &count, e));
    assert_true(count == 0 || first_seq == t->next);
    assert_true(count <= 1 || raw.size <= max);
    const uint8_t *at = raw.data;
    for (size_t i = 0; i < count; i++) {
        size_t size;
        const uint8_t *content = element(&at, raw.data + raw.size, &size);
        check_element(t, content, size, is_numbered ? first_seq + i : 0);
    }
    assert_true(at == raw.data + raw.size);
    bytes_clear(&raw);
    t->next += count;
    return count > 0;
}

static struct totals take_all(struct spool *s, uint64_t from, bool is_numbered)
{
    struct totals t = {.next = from};
    while (take_batch(s, 10000, &t, is_numbered))
        spool_confirm(s, t.next - 1);
    return t;
}

static void reports_come_back_in_order_until_they_are_confirmed(void **state)
{
    AUTO(spool_close) struct spool *s = NULL;
    ASSERT_OK(spool_open(*state, SMALL_BYTES, &s, e));
    for (uint64_t i = 1; i <= 10; i++)
        append(s, i, 100);
    struct totals t = {.next = 1};
    assert_true(take_batch(s, 250, &t, true));
    assert_int_equal(t.texts, 2);
    t.next = 1;
    assert_true(take_batch(s, 1, &t, true)); /* at least one */
    spool_confirm(s, 1);
    t = take_all(s, 2, true);
    assert_int_equal(t.texts, 9);
    assert_int_equal(spool_pending_bytes(s), 0);
}

static void a_batch_may_be_confirmed_in_part(void **state)
{
    AUTO(spool_close) struct spool *s = NULL;
    ASSERT_OK(spool_open(*state, SMALL_BYTES, &s, e));
    for (uint64_t i = 1; i <= 200; i++)
        append(s, i, 200);
    struct totals t = {.next = 1};
    assert_true(take_batch(s, 4000, &t, true));
    assert_true(t.texts > 7);
    spool_confirm(s, 7);
    assert_int_equal(take_all(s, 8, true).texts, 193);
}

static void numbers_and_reports_outlive_the_process(void **state)
{
    struct spool *s = NULL;
    ASSERT_OK(spool_open(*state, 0, &s, e));
    uint64_t stream_id = spool_stream_id(s);
    assert_true(stream_id != 0);
    for (uint64_t i = 1; i <= 500; i++)
        append(s, i, 300);
    struct totals t = {.next = 1};
    assert_true(take_batch(s, 100000, &t, true));
    spool_confirm(s, 25);
    spool_close(s);
    ASSERT_OK(spool_open(*state, 0, &s, e));
    assert_int_equal(spool_stream_id(s), stream_id);
    spool_confirm(s, 25); /* as Hello tells it */
    uint64_t before = take_all(s, 26, false).next;
    append(s, before, 50);
    assert_true(take_all(s, before, true).texts == 1);
    spool_close(s);
    ASSERT_OK(spool_open(*state, 0, &s, e));
    spool_confirm(s, before);
    append(s, before + 1, 50);
    assert_int_equal(take_all(s, before + 1, true).texts, 1);
    spool_close(s);
}

static void a_full_spool_drops_the_oldest_and_says_how_many_lines(void **state)
{
    AUTO(spool_close) struct spool *s = NULL;
    ASSERT_OK(spool_open(*state, SMALL_BYTES, &s, e));
    for (uint64_t i = 1; i <= 2000; i++)
        append(s, i, 500);
    assert_true(spool_pending_bytes(s) <= SMALL_BYTES + 8192);
    struct totals t = take_all(s, 1, true);
    assert_int_equal(t.next, 2001);
    assert_int_equal(t.lost_lines + t.texts, 2000);
    assert_true(t.lost_lines > 0 && t.texts > 80);
}

static void what_is_dropped_while_it_is_being_sent_is_told_once(void **state)
{
    AUTO(spool_close) struct spool *s = NULL;
    ASSERT_OK(spool_open(*state, SMALL_BYTES, &s, e));
    for (uint64_t i = 1; i <= 100; i++)
        append(s, i, 500);
    struct totals before = {.next = 1};
    assert_true(take_batch(s, 5000, &before, true));
    for (uint64_t i = 101; i <= 600; i++)
        append(s, i, 500);
    struct totals first = {.next = before.next};
    spool_confirm(s, before.next - 1); /* they had arrived after all */
    assert_true(take_batch(s, 100, &first, true));
    for (uint64_t i = 601; i <= 1500; i++)
        append(s, i, 500);
    spool_confirm(s, first.next - 1);
    struct totals rest = take_all(s, first.next, true);
    assert_int_equal(rest.next, 1501);
    uint64_t told = first.texts + first.lost_lines + rest.texts + rest.lost_lines;
    /* Those that were under way when they were dropped are counted, too. */
    assert_int_equal(told, 1500);
}

static void dropped_ranges_outlive_the_process(void **state)
{
    struct spool *s = NULL;
    ASSERT_OK(spool_open(*state, SMALL_BYTES, &s, e));
    for (uint64_t i = 1; i <= 1000; i++)
        append(s, i, 500);
    spool_close(s);
    ASSERT_OK(spool_open(*state, SMALL_BYTES, &s, e));
    for (uint64_t i = 1001; i <= 2000; i++)
        append(s, i, 500);
    struct totals t = take_all(s, 1, true);
    assert_int_equal(t.next, 2001);
    assert_int_equal(t.texts + t.lost_lines, 2000);
    spool_close(s);
}

static void a_torn_tail_is_cut(void **state)
{
    struct spool *s = NULL;
    ASSERT_OK(spool_open(*state, 0, &s, e));
    append(s, 1, 100);
    append(s, 2, 100);
    spool_close(s);
    AUTO_FREE char *path = NULL;
    ASSERT_OK(fs_join(*state, "0000000000000001", &path, e));
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "1RVH\x64\0\0\0torn", 12), 12);
    ASSERT_OK(spool_open(*state, 0, &s, e));
    append(s, 3, 100);
    spool_close(s);
    ASSERT_OK(spool_open(*state, 0, &s, e));
    assert_int_equal(take_all(s, 1, true).texts, 3);
    spool_close(s);
}

static void flip_byte(const char *path, off_t offset)
{
    AUTO_CLOSE int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, offset), 1);
    byte ^= 0x40;
    assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
}

static void damage_in_the_middle_leaves_a_hole_that_is_told(void **state)
{
    struct spool *s = NULL;
    ASSERT_OK(spool_open(*state, SMALL_BYTES, &s, e));
    for (uint64_t i = 1; i <= 40; i++)
        append(s, i, 500);
    spool_close(s);
    AUTO_FREE char *path = NULL;
    ASSERT_OK(fs_join(*state, "0000000000000001", &path, e));
    flip_byte(path, 3000);
    ASSERT_OK(spool_open(*state, SMALL_BYTES, &s, e));
    struct totals t = take_all(s, 1, true);
    assert_int_equal(t.next, 41);
    assert_int_equal(t.texts + t.empty, 40);
    assert_true(t.texts > 20 && t.empty > 5);
    spool_close(s);
}

static void damage_that_comes_while_it_is_open_does_not_block_the_rest(void **state)
{
    AUTO(spool_close) struct spool *s = NULL;
    ASSERT_OK(spool_open(*state, 0, &s, e));
    for (uint64_t i = 1; i <= 40; i++)
        append(s, i, 500);
    AUTO_FREE char *path = NULL;
    ASSERT_OK(fs_join(*state, "0000000000000001", &path, e));
    flip_byte(path, 3000);
    struct totals t = take_all(s, 1, true);
    assert_int_equal(t.next, 41);
    assert_true(t.texts >= 5);
    append(s, 41, 100);
    assert_int_equal(take_all(s, 41, true).texts, 1);
}

static void a_damaged_header_begins_a_new_stream(void **state)
{
    struct spool *s = NULL;
    ASSERT_OK(spool_open(*state, 0, &s, e));
    uint64_t stream_id = spool_stream_id(s);
    append(s, 1, 100);
    spool_close(s);
    AUTO_FREE char *path = NULL;
    ASSERT_OK(fs_join(*state, "0000000000000001", &path, e));
    flip_byte(path, 9);
    ASSERT_OK(spool_open(*state, 0, &s, e));
    assert_true(spool_stream_id(s) != stream_id);
    append(s, 1, 100);
    assert_int_equal(take_all(s, 1, true).texts, 1);
    spool_close(s);
}

static void a_manager_with_another_past_begins_a_new_stream(void **state)
{
    AUTO(spool_close) struct spool *s = NULL;
    ASSERT_OK(spool_open(*state, 0, &s, e));
    uint64_t stream_id = spool_stream_id(s);
    for (uint64_t i = 1; i <= 5; i++)
        append(s, i, 100);
    spool_confirm(s, 3);
    spool_confirm(s, 0); /* it was set back */
    assert_true(spool_stream_id(s) != stream_id);
    append(s, 2, 100);
    struct totals t = take_all(s, 1, true);
    assert_int_equal(t.lost_lines, 2);
    assert_int_equal(t.texts, 1);
    stream_id = spool_stream_id(s);
    spool_confirm(s, 99); /* we were set back */
    assert_true(spool_stream_id(s) != stream_id);
}

static void a_full_disk_is_survived_and_told_later(void **state)
{
    AUTO(spool_close) struct spool *s = NULL;
    ASSERT_OK(spool_open(*state, 0, &s, e));
    append(s, 1, 1000);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit tight = before;
    tight.rlim_cur = 2000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    for (int i = 0; i < 7; i++)
        append(s, 0, 1000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    append(s, 3, 1000);
    struct totals t = take_all(s, 1, false);
    assert_int_equal(t.texts, 2);
    assert_int_equal(t.lost_lines, 7);
}

static uint64_t first_unconfirmed(struct spool *s)
{
    struct bytes raw = {0};
    uint64_t first_seq;
    size_t count;
    ASSERT_OK(spool_peek(s, 1, &raw, &first_seq, &count, e));
    bytes_clear(&raw);
    return first_seq;
}

/* Says each number on the pipe after it was appended. */
static void write_until_killed(const char *dir, int pipe_fd)
{
    struct spool *s = NULL;
    ASSERT_OK(spool_open(dir, LARGE_BYTES, &s, e));
    for (uint64_t i = take_all(s, first_unconfirmed(s), true).next;; i++) {
        append(s, i, 20 + i * 7919 % 3000);
        assert_int_equal(write(pipe_fd, &i, sizeof(i)), sizeof(i));
    }
}

static uint64_t kill_writer_after(const char *dir, uint64_t reports)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    /* On a busy machine the kill comes late: the writer must not get so far ahead that the spool is
     * full. */
    assert_true(fcntl(fds[1], F_SETPIPE_SZ, 4096) >= 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        write_until_killed(dir, fds[1]);
    }
    close(fds[1]);
    uint64_t number = 0;
    for (uint64_t i = 0; i < reports; i++)
        assert_int_equal(read(fds[0], &number, sizeof(number)), sizeof(number));
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    uint64_t later;
    while (read(fds[0], &later, sizeof(later)) == sizeof(later))
        number = later;
    close(fds[0]);
    return number;
}

static void nothing_is_lost_or_doubled_when_the_writer_is_killed_at_any_point(void **state)
{
    uint64_t seed = 42;
    for (int round = 0; round < 25; round++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        uint64_t last = kill_writer_after(*state, 1 + (seed >> 33) % 200);
        struct spool *s = NULL;
        ASSERT_OK(spool_open(*state, LARGE_BYTES, &s, e));
        struct totals t = take_all(s, first_unconfirmed(s), true);
        assert_int_equal(t.empty + t.lost_reports, 0);
        /* One more than was said may have been written. */
        assert_true(t.next == last + 1 || t.next == last + 2);
        spool_close(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(reports_come_back_in_order_until_they_are_confirmed),
        TEST(a_batch_may_be_confirmed_in_part),
        TEST(numbers_and_reports_outlive_the_process),
        TEST(a_full_spool_drops_the_oldest_and_says_how_many_lines),
        TEST(what_is_dropped_while_it_is_being_sent_is_told_once),
        TEST(dropped_ranges_outlive_the_process),
        TEST(a_torn_tail_is_cut),
        TEST(damage_in_the_middle_leaves_a_hole_that_is_told),
        TEST(damage_that_comes_while_it_is_open_does_not_block_the_rest),
        TEST(a_damaged_header_begins_a_new_stream),
        TEST(a_manager_with_another_past_begins_a_new_stream),
        TEST(a_full_disk_is_survived_and_told_later),
        TEST(nothing_is_lost_or_doubled_when_the_writer_is_killed_at_any_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
