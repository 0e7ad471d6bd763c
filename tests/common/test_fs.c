/* SPDX-License-Identifier: Apache-2.0 */
/* Each test works in a directory of its own below $TMPDIR. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs.h"

static char dir[64];

static int enter(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/hivecast-fs-XXXXXX");
    return mkdtemp(dir) == NULL || chdir(dir) != 0;
}

static int leave(void **state)
{
    (void)state;
    return chdir("/") != 0 || fs_remove(dir, NULL) != ERR_OK;
}

static void overwrite(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void assert_state(const char *path, const char *expected)
{
    struct bytes b = {0};
    assert_int_equal(fs_state_read(path, 1000, &b, NULL), ERR_OK);
    assert_string_equal((const char *)b.data, expected);
    bytes_clear(&b);
}

static void join_puts_one_slash_between(void **state)
{
    (void)state;
    AUTO_FREE char *a = NULL;
    AUTO_FREE char *b = NULL;
    assert_int_equal(fs_join("/x", "y", &a, NULL), ERR_OK);
    assert_string_equal(a, "/x/y");
    assert_int_equal(fs_join("/", "y", &b, NULL), ERR_OK);
    assert_string_equal(b, "/y");
    char longest[5000];
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    char *c = NULL;
    assert_int_equal(fs_join("/x", longest, &c, NULL), ERR_TOO_LARGE);
    assert_null(c);
}

static void directories_are_made_with_their_parents(void **state)
{
    (void)state;
    assert_int_equal(fs_mkdirs("a/b//c", 0700, NULL), ERR_OK);
    assert_int_equal(fs_mkdirs("a/b/c", 0700, NULL), ERR_OK);
    struct stat st;
    assert_int_equal(stat("a/b/c", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    overwrite("file", "");
    assert_int_equal(fs_mkdirs("file", 0700, NULL), ERR_CONFLICT);
    assert_int_not_equal(fs_mkdirs("file/x", 0700, NULL), ERR_OK);
}

static void write_replaces_and_sets_the_mode(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct stat st;
    assert_int_equal(fs_write("f", "first", 5, 0644, NULL), ERR_OK);
    assert_int_equal(fs_write("f", "second", 6, 0600, NULL), ERR_OK);
    assert_int_equal(fs_read("f", 6, &b, NULL), ERR_OK);
    assert_string_equal((const char *)b.data, "second");
    assert_int_equal(stat("f", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(access("f.new", F_OK), -1);
    bytes_clear(&b);
}

static void read_appends_and_keeps_to_its_limit(void **state)
{
    (void)state;
    struct bytes b = {0};
    struct error e;
    overwrite("f", "0123456789");
    assert_int_equal(fs_read("f", 9, &b, &e), ERR_TOO_LARGE);
    assert_non_null(strstr(e.text, "f: "));
    assert_int_equal(b.size, 0);
    assert_int_equal(fs_read("f", 10, &b, NULL), ERR_OK);
    assert_int_equal(fs_read("f", 1000000, &b, NULL), ERR_OK);
    assert_string_equal((const char *)b.data, "01234567890123456789");
    assert_int_equal(fs_read("missing", 10, &b, NULL), ERR_NOT_FOUND);
    bytes_clear(&b);
}

static void files_without_a_size_are_read_whole(void **state)
{
    (void)state;
    struct bytes b = {0};
    assert_int_equal(fs_read("/proc/self/smaps", 10000000, &b, NULL), ERR_OK);
    assert_true(b.size > 4096);
    bytes_clear(&b);
}

static void pread_of_too_much_is_corrupt(void **state)
{
    (void)state;
    char text[5] = "";
    overwrite("f", "0123456789");
    AUTO_CLOSE int fd = open("f", O_RDONLY);
    assert_int_equal(fs_pread_all(fd, text, 4, 6, NULL), ERR_OK);
    assert_string_equal(text, "6789");
    assert_int_equal(fs_pread_all(fd, text, 4, 7, NULL), ERR_CORRUPT);
}

static void remove_takes_files_links_and_nothing(void **state)
{
    (void)state;
    overwrite("kept", "x");
    assert_int_equal(symlink("kept", "link"), 0);
    assert_int_equal(fs_remove("link", NULL), ERR_OK);
    assert_int_equal(access("kept", F_OK), 0);
    assert_int_equal(fs_remove("missing", NULL), ERR_OK);
    assert_int_equal(fs_remove("kept", NULL), ERR_OK);
    assert_int_equal(access("kept", F_OK), -1);
}

static void remove_does_not_follow_links_inside_a_tree(void **state)
{
    (void)state;
    assert_int_equal(fs_mkdirs("outside", 0755, NULL), ERR_OK);
    overwrite("outside/kept", "x");
    assert_int_equal(fs_mkdirs("tree/a", 0755, NULL), ERR_OK);
    assert_int_equal(symlink("../../outside", "tree/a/link"), 0);
    assert_int_equal(symlink("../outside", "tree/link"), 0);
    assert_int_equal(fs_remove("tree", NULL), ERR_OK);
    assert_int_equal(access("tree", F_OK), -1);
    assert_int_equal(access("outside/kept", F_OK), 0);
}

static void remove_takes_trees_deeper_than_any_path(void **state)
{
    (void)state;
    AUTO_CLOSE int top = open(".", O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(mkdir("dd", i % 3 == 0 ? 0700 : 0755), 0);
        if (i % 100 == 0)
            overwrite("~0", "in the way");
        assert_int_equal(chdir("dd"), 0);
    }
    assert_int_equal(fchdir(top), 0);
    assert_int_equal(fs_remove("dd", NULL), ERR_OK);
    assert_int_equal(access("dd", F_OK), -1);
}

static void remove_takes_wide_trees_and_those_without_permissions(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        char path[64];
        snprintf(path, sizeof(path), "wide/d%d/e/f%d", i, i);
        assert_int_equal(fs_mkdirs(path, 0755, NULL), ERR_OK);
    }
    assert_int_equal(chmod("wide/d7/e", 0), 0);
    assert_int_equal(chmod("wide/d8", 0555), 0);
    assert_int_equal(chmod("wide", 0555), 0);
    assert_int_equal(fs_remove("wide", NULL), ERR_OK);
    assert_int_equal(access("wide", F_OK), -1);
}

static void a_second_process_cannot_lock_and_is_told_who_did(void **state)
{
    (void)state;
    AUTO_CLOSE int fd = -1;
    assert_int_equal(fs_lock_dir(dir, &fd, NULL), ERR_OK);
    char holder[32];
    snprintf(holder, sizeof(holder), "process %d", (int)getpid());
    pid_t child = fork();
    if (child == 0) {
        struct error e = {0};
        int other = -1;
        enum err err = fs_lock_dir(dir, &other, &e);
        _exit(err == ERR_CONFLICT && strstr(e.text, holder) != NULL ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void a_lock_ends_with_its_process(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        int fd = -1;
        _exit(fs_lock_dir(dir, &fd, NULL) == ERR_OK ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    AUTO_CLOSE int fd = -1;
    assert_int_equal(fs_lock_dir(dir, &fd, NULL), ERR_OK);
}

static void state_is_read_as_written(void **state)
{
    (void)state;
    struct bytes b = {0};
    assert_int_equal(fs_state_read("s", 10, &b, NULL), ERR_NOT_FOUND);
    assert_int_equal(fs_state_write("s", "one", 3, NULL), ERR_OK);
    assert_state("s", "one");
    assert_int_equal(fs_state_write("s", "two", 3, NULL), ERR_OK);
    assert_state("s", "two");
    assert_int_equal(fs_state_read("s", 2, &b, NULL), ERR_TOO_LARGE);
    bytes_clear(&b);
}

static void damaged_state_gives_the_previous_copy(void **state)
{
    (void)state;
    assert_int_equal(fs_state_write("s", "one", 3, NULL), ERR_OK);
    assert_int_equal(fs_state_write("s", "two", 3, NULL), ERR_OK);
    overwrite("s", "HIVESTA1 damaged by the disk, the rest of it is long enough to be a header");
    assert_state("s", "one");
    assert_int_equal(unlink("s"), 0);
    assert_state("s", "one");
    overwrite("s", "");
    assert_state("s", "one");
}

static void every_cut_of_a_write_leaves_old_or_new_state(void **state)
{
    (void)state;
    assert_int_equal(fs_state_write("s", "one", 3, NULL), ERR_OK);
    overwrite("s.new", "HIVESTA1 cut sho");
    assert_state("s", "one");
    assert_int_equal(unlink("s.new"), 0);
    assert_int_equal(fs_state_write("n", "two", 3, NULL), ERR_OK);
    assert_int_equal(rename("n", "s.new"), 0);
    assert_state("s", "one");
    assert_int_equal(rename("s", "s.old"), 0);
    assert_state("s", "two");
    assert_int_equal(rename("s.new", "s"), 0);
    assert_state("s", "two");
}

static void each_flipped_bit_of_state_is_noticed(void **state)
{
    (void)state;
    struct bytes good = {0};
    struct bytes out = {0};
    assert_int_equal(fs_state_write("s", "payload", 7, NULL), ERR_OK);
    assert_int_equal(fs_read("s", 1000, &good, NULL), ERR_OK);
    for (size_t bit = 0; bit < 8 * good.size; bit++) {
        good.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        FILE *f = fopen("s", "w");
        assert_non_null(f);
        assert_int_equal(fwrite(good.data, 1, good.size, f), good.size);
        assert_int_equal(fclose(f), 0);
        good.data[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        assert_int_equal(fs_state_read("s", 1000, &out, NULL), ERR_CORRUPT);
    }
    bytes_clear(&good);
    bytes_clear(&out);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(join_puts_one_slash_between),
        IN_DIR(directories_are_made_with_their_parents),
        IN_DIR(write_replaces_and_sets_the_mode),
        IN_DIR(read_appends_and_keeps_to_its_limit),
        IN_DIR(files_without_a_size_are_read_whole),
        IN_DIR(pread_of_too_much_is_corrupt),
        IN_DIR(remove_takes_files_links_and_nothing),
        IN_DIR(remove_does_not_follow_links_inside_a_tree),
        IN_DIR(remove_takes_trees_deeper_than_any_path),
        IN_DIR(remove_takes_wide_trees_and_those_without_permissions),
        IN_DIR(a_second_process_cannot_lock_and_is_told_who_did),
        IN_DIR(a_lock_ends_with_its_process),
        IN_DIR(state_is_read_as_written),
        IN_DIR(damaged_state_gives_the_previous_copy),
        IN_DIR(every_cut_of_a_write_leaves_old_or_new_state),
        IN_DIR(each_flipped_bit_of_state_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
