/* SPDX-License-Identifier: Apache-2.0 */
/* Where packages come from: paths below the source directory, and archives. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "archive_maker.h"
#include "fs.h"
#include "package_suite.h"

static const struct archive_limits wide = {.content_max = 1 << 30, .entries_max = 1000};

/* Opens the paths, up to three of them. */
static enum err open_paths(struct fixture *f, const char *const *paths,
                           const struct archive_limits *limits, struct package_source **out,
                           struct error *e)
{
    struct strlist list = {0};
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && paths[i] != NULL; i++)
        err = strlist_add(&list, paths[i], e);
    if (err == ERR_OK)
        err = package_source_paths(f->tree, &list, limits, out, e);
    strlist_clear(&list);
    return err;
}

static char letter(enum entry_type type)
{
    static const char letters[] = "?fdlh";
    return letters[type];
}

/* Reads everything; names becomes "f:path d:path ...". */
static enum err read_source(struct package_source *s, char *names, size_t size, struct error *e)
{
    AUTO_FREE struct entry *entry = calloc(1, sizeof(*entry));
    uint8_t buffer[4096];
    size_t used = 0;
    bool more = true;
    enum err err = ERR_OK;
    assert_non_null(entry);
    names[0] = '\0';
    while ((err = s->ops->next(s, entry, &more, e)) == ERR_OK && more) {
        size_t got = 1;
        used += (size_t)snprintf(names + used, size - used, "%s%c:%s", used == 0 ? "" : " ",
                                 letter(entry->type), entry->path);
        while (err == ERR_OK && entry->type == ENTRY_FILE && got > 0)
            err = s->ops->read(s, buffer, sizeof(buffer), &got, e);
        if (err != ERR_OK)
            break;
    }
    return err;
}

static void assert_gives(struct fixture *f, const char *const *paths, const char *expected)
{
    char names[1024];
    AUTO(package_source_free) struct package_source *s = NULL;
    OK(open_paths(f, paths, &wide, &s, e));
    OK(read_source(s, names, sizeof(names), e));
    assert_string_equal(names, expected);
}

static void assert_refused(struct fixture *f, const char *path, enum err expected,
                           const char *words)
{
    char names[1024];
    struct error error = {.code = ERR_OK};
    AUTO(package_source_free) struct package_source *s = NULL;
    enum err err = open_paths(f, (const char *const[]){path, NULL}, &wide, &s, &error);
    if (err == ERR_OK)
        err = read_source(s, names, sizeof(names), &error);
    assert_int_equal(err, expected);
    if (strstr(error.text, words) == NULL)
        fail_msg("'%s' does not say '%s'", error.text, words);
}

static void put_example(struct fixture *f)
{
    tree_file(f, "p/b", "b", 1, 0644);
    tree_file(f, "p/a/z", "z", 1, 0644);
    tree_file(f, "p/a/B", "B", 1, 0644);
    tree_file(f, "p/a.txt", "a", 1, 0644);
    tree_link(f, "p/link", "a/z");
    tree_file(f, "q/c", "c", 1, 0644);
}

static void a_directory_gives_its_content_in_order(void **state)
{
    struct fixture *f = *state;
    put_example(f);
    assert_gives(f, (const char *const[]){"p", NULL}, "d:a f:a/B f:a/z f:a.txt f:b l:link");
}

static void a_file_keeps_its_base_name(void **state)
{
    struct fixture *f = *state;
    put_example(f);
    assert_gives(f, (const char *const[]){"p/a/z", NULL}, "f:z");
    assert_gives(f, (const char *const[]){"p/link", NULL}, "l:link");
}

static void paths_come_one_after_the_other(void **state)
{
    struct fixture *f = *state;
    put_example(f);
    assert_gives(f, (const char *const[]){"q", "p/a", "p/b", NULL}, "f:c f:B f:z f:b");
}

static void two_paths_with_the_same_name_are_refused(void **state)
{
    struct fixture *f = *state;
    char names[1024];
    struct error error;
    put_example(f);
    AUTO(package_source_free) struct package_source *s = NULL;
    OK(open_paths(f, (const char *const[]){"p/b", "p", NULL}, &wide, &s, e));
    assert_int_equal(read_source(s, names, sizeof(names), &error), ERR_INVALID);
}

static void paths_out_of_the_directory_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const paths[] = {"/etc", "..", "p/../..", "p//b", "./p", "p/.", ""};
    put_example(f);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_refused(f, paths[i], ERR_INVALID, "");
    assert_refused(f, "nothing", ERR_NOT_FOUND, "nothing");
    struct error error;
    struct package_source *s = NULL;
    assert_int_equal(open_paths(f, (const char *const[]){NULL}, &wide, &s, &error), ERR_INVALID);
}

static void links_on_the_way_are_not_followed(void **state)
{
    struct fixture *f = *state;
    put_example(f);
    tree_link(f, "out", "/etc");
    tree_link(f, "inside", "p");
    assert_refused(f, "out/passwd", ERR_INVALID, "leads over a link");
    assert_refused(f, "inside/b", ERR_INVALID, "leads over a link");
}

static void links_that_leave_the_package_are_refused(void **state)
{
    struct fixture *f = *state;
    put_example(f);
    tree_link(f, "p/a/up", "../../q/c");
    assert_refused(f, "p", ERR_INVALID, "a/up");
    tree_link(f, "r/absolute", "/etc/passwd");
    assert_refused(f, "r", ERR_INVALID, "absolute");
}

static void what_is_no_file_is_refused(void **state)
{
    struct fixture *f = *state;
    char path[128];
    tree_file(f, "p/a", "a", 1, 0644);
    snprintf(path, sizeof(path), "%s/p/pipe", f->tree);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(f, "p", ERR_INVALID, "'p/pipe' is a device, fifo or socket");
    tree_file(f, "q/tool", "a", 1, 0644);
    snprintf(path, sizeof(path), "%s/q/tool", f->tree);
    assert_int_equal(chmod(path, 04755), 0);
    assert_refused(f, "q", ERR_INVALID, "'q/tool' is setuid");
}

static void limits_hold_for_paths_too(void **state)
{
    struct fixture *f = *state;
    char names[1024];
    struct error error;
    put_example(f);
    struct archive_limits few = {.content_max = 100, .entries_max = 3};
    struct archive_limits little = {.content_max = 2, .entries_max = 100};
    AUTO(package_source_free) struct package_source *s = NULL;
    OK(open_paths(f, (const char *const[]){"p", NULL}, &few, &s, e));
    assert_int_equal(read_source(s, names, sizeof(names), &error), ERR_TOO_LARGE);
    package_source_free(s);
    OK(open_paths(f, (const char *const[]){"p", NULL}, &little, &s, e));
    assert_int_equal(read_source(s, names, sizeof(names), &error), ERR_TOO_LARGE);
}

static void deep_trees_are_walked_to_their_end(void **state)
{
    struct fixture *f = *state;
    char path[1200] = "p";
    for (size_t i = 0; i < 500; i++)
        memcpy(path + 1 + 2 * i, "/d", 3);
    tree_dir(f, path);
    AUTO(package_draft_free) struct package_draft *d = NULL;
    package_make(f, "p", &d);
    assert_int_equal(d->info.entry_count, 500);
    package_check(f, d, "p");
}

/* Makes a package of a tar. */
static enum err ingest_tar(struct fixture *f, const struct bytes *tar, struct package_draft **out,
                           struct error *e)
{
    struct archive_reader *reader = NULL;
    AUTO(package_source_free) struct package_source *s = NULL;
    enum err err = archive_reader_open_memory(tar->data, tar->size, &wide, &reader, e);
    if (err == ERR_OK)
        err = package_source_archive(reader, &s, e);
    return err == ERR_OK ? package_store_ingest(f->packages, s, f->reader, out, e) : err;
}

static void an_archive_gives_the_same_package_as_its_tree(void **state)
{
    struct fixture *f = *state;
    struct bytes tar = {0};
    archive_maker_entry(&tar, "./a", '5', 0755, "", 0);
    archive_maker_file(&tar, "./a/hello", "hello");
    archive_maker_entry(&tar, "link", '2', 0777, "a/hello", 0);
    archive_maker_end(&tar);
    AUTO(package_draft_free) struct package_draft *d = NULL;
    OK(ingest_tar(f, &tar, &d, e));
    assert_int_equal(d->info.entry_count, 3);
    assert_int_equal(d->info.content_size, 5);
    OK(package_read_all(f, d, e));
    bytes_clear(&tar);
}

static void hard_links_of_an_archive_stay_links(void **state)
{
    struct fixture *f = *state;
    struct bytes tar = {0};
    char names[256];
    archive_maker_file(&tar, "a", "hello");
    archive_maker_entry(&tar, "b", '1', 0644, "a", 0);
    archive_maker_end(&tar);
    struct archive_reader *reader = NULL;
    OK(archive_reader_open_memory(tar.data, tar.size, &wide, &reader, e));
    AUTO(package_source_free) struct package_source *s = NULL;
    OK(package_source_archive(reader, &s, e));
    OK(read_source(s, names, sizeof(names), e));
    assert_string_equal(names, "f:a h:b");
    AUTO(package_draft_free) struct package_draft *d = NULL;
    OK(ingest_tar(f, &tar, &d, e));
    assert_int_equal(d->info.entry_count, 2);
    assert_int_equal(d->info.content_size, 5);
    OK(package_read_all(f, d, e));
    bytes_clear(&tar);
}

static void a_bad_archive_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct bytes tar = {0};
    struct error error;
    struct package_draft *d = NULL;
    archive_maker_file(&tar, "good", "hello");
    archive_maker_file(&tar, "../bad", "hello");
    archive_maker_end(&tar);
    assert_int_equal(ingest_tar(f, &tar, &d, &error), ERR_INVALID);
    tar.size = 700;
    assert_int_equal(ingest_tar(f, &tar, &d, &error), ERR_CORRUPT);
    assert_null(d);
    assert_int_equal(package_count_files(f, "packages"), 0);
    assert_int_equal(package_count_files(f, "packs"), 0);
    bytes_clear(&tar);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, package_set_up, package_tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_directory_gives_its_content_in_order),
        TEST(a_file_keeps_its_base_name),
        TEST(paths_come_one_after_the_other),
        TEST(two_paths_with_the_same_name_are_refused),
        TEST(paths_out_of_the_directory_are_refused),
        TEST(links_on_the_way_are_not_followed),
        TEST(links_that_leave_the_package_are_refused),
        TEST(what_is_no_file_is_refused),
        TEST(limits_hold_for_paths_too),
        TEST(deep_trees_are_walked_to_their_end),
        TEST(an_archive_gives_the_same_package_as_its_tree),
        TEST(hard_links_of_an_archive_stay_links),
        TEST(a_bad_archive_leaves_nothing),
    };
    return cmocka_run_group_tests_name("package sources", tests, NULL, NULL);
}
