// test_durable_file.c - what a database must be, so that a server starts with
// it

#include "beyond/durable/database.h"
#include "lib/base/process.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[256];
static char path[300];

static void make_directory(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/thaw-database-XXXXXX",
             parent != NULL ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/some.db", directory);
}

static void remove_path(void)
{
    static const char *const parts[] = {"", "-wal", "-journal"};
    char name[sizeof path + 16];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, parts[i]);
        if (unlink(name) < 0)
            rmdir(name);
    }
}

static void remove_directory(void)
{
    remove_path();
    rmdir(directory);
}

static void set_database(struct database *database)
{
    *database = (struct database){.path = path, .users_max = 9, .keys_max = 9};
}

static void make_database(const char *sql)
{
    struct database database;
    set_database(&database);
    ck_assert_msg(database_open(&database) == 0, "cannot %s", process_fault());
    ck_assert_int_eq(sqlite3_exec(database.file, sql, NULL, NULL, NULL), 0);
    database_close(&database);
}

static void write_at(off_t offset, const char *text)
{
    int file = open(path, O_WRONLY | O_CREAT, 0666);
    ck_assert_int_ge(file, 0);
    ssize_t written = pwrite(file, text, strlen(text), offset);
    ck_assert_int_eq(written, (ssize_t)strlen(text));
    close(file);
}

static void is_directory(void)
{
    ck_assert_int_eq(mkdir(path, 0777), 0);
}

static void is_fifo(void)
{
    ck_assert_int_eq(mkfifo(path, 0666), 0);
}

static void is_device(void)
{
    ck_assert_int_eq(symlink("/dev/null", path), 0);
}

static void is_text(void)
{
    write_at(0, "This is a text, and no database, as every reader can see.");
}

static void is_of_another_program(void)
{
    sqlite3 *file;
    ck_assert_int_eq(sqlite3_open(path, &file), 0);
    ck_assert_int_eq(sqlite3_exec(file, "create table x(y)", NULL, NULL, NULL),
                     0);
    sqlite3_close(file);
}

static void is_of_another_version(void)
{
    make_database("pragma user_version = 2");
}

static void is_damaged(void)
{
    make_database("");
    write_at(4096, "not a page of a tree, but some text in its place");
}

static void lacks_a_table(void)
{
    make_database("drop table events");
}

static const struct {
    void (*prepare)(void);
    const char *fault; // the start of it; PATH is the path
    const char *end;
    int error;
} rows[] = {
    {is_directory, "open the database PATH", "", EISDIR},
    {is_fifo, "use PATH, which is no file for a database", "", EINVAL},
    {is_device, "use PATH, which is no file for a database", "", EINVAL},
    {is_text, "use PATH, which is no SQLite database", "", EINVAL},
    {is_of_another_program, "use PATH, a database of another program ",
     "(choose a file with --database)", EINVAL},
    {is_of_another_version, "use PATH, a database of version 2, ",
     "with this program, which expects version 1 (choose a file with "
     "--database)",
     EINVAL},
    {is_damaged, "use PATH, which is damaged (", ")", EINVAL},
    {lacks_a_table, "read the database PATH", "", EINVAL},
};

static void must_fail(const char *start, const char *end, int error)
{
    struct database database;
    char expected[512] = "";
    const char *place = strstr(start, "PATH");
    snprintf(expected, sizeof expected, "%.*s%s%s", (int)(place - start), start,
             path, place + strlen("PATH"));
    set_database(&database);
    ck_assert_int_eq(database_open(&database), -1);
    int found = errno;
    const char *fault = process_fault();
    ck_assert_msg(strncmp(fault, expected, strlen(expected)) == 0,
                  "it said '%s', expected '%s'", fault, expected);
    ck_assert_str_eq(fault + strlen(fault) - strlen(end), end);
    ck_assert_msg(found == error, "%s: %s", fault, strerror(found));
    ck_assert_ptr_null(database.file);
}

START_TEST(what_is_no_database_of_ours_is_not_used)
{
    rows[_i].prepare();
    must_fail(rows[_i].fault, rows[_i].end, rows[_i].error);
}
END_TEST

// SQLite knows names that are no paths, and options in a URI: this one would
// turn off the lock.
static const char *const names[] = {
    "file:some.db", "file:some.db?vfs=unix-none",
    ":memory:", "some.db?mode=memory", "some%20file.db"};

START_TEST(a_name_is_a_path_and_no_uri)
{
    struct database first;
    struct stat status;
    ck_assert_int_eq(chdir(directory), 0);
    snprintf(path, sizeof path, "%s", names[_i]);
    make_database("");
    bool is_there = stat(path, &status) == 0 && status.st_size > 0;
    set_database(&first);
    int result = database_open(&first);
    must_fail("open the database PATH", "", EBUSY);
    database_close(&first);
    remove_path();
    ck_assert(is_there && result == 0);
}
END_TEST

START_TEST(a_missing_directory_is_not_made)
{
    snprintf(path + strlen(path), sizeof path - strlen(path), "/some.db");
    must_fail("open the database PATH", "", ENOENT);
    path[strlen(path) - strlen("/some.db")] = '\0';
}
END_TEST

// It is SQLite's limit, below the system's.
START_TEST(a_path_that_is_too_long_is_named)
{
    char inner[PATH_MAX];
    char file[PATH_MAX + 64];
    struct database database;
    int outer = snprintf(inner, sizeof inner, "%s/%0200d", directory, 0);
    ck_assert_int_eq(mkdir(inner, 0700), 0);
    snprintf(inner + outer, sizeof inner - (size_t)outer, "/%0250d", 0);
    ck_assert_int_eq(mkdir(inner, 0700), 0);
    snprintf(file, sizeof file, "%s/%060d", inner, 0);
    set_database(&database);
    database.path = file;
    int result = database_open(&database);
    int error = errno;
    unlink(file);
    rmdir(inner);
    inner[outer] = '\0';
    rmdir(inner);
    ck_assert_int_eq(result, -1);
    ck_assert_int_eq(error, ENAMETOOLONG);
    ck_assert_ptr_nonnull(strstr(process_fault(), "longer than 50"));
}
END_TEST

START_TEST(a_file_of_another_user_is_not_used)
{
    make_database("");
    ck_assert_int_eq(chmod(path, 0444), 0);
    if (access(path, W_OK) == 0)
        return; // root may
    must_fail("open the database PATH", "", EACCES);
}
END_TEST

START_TEST(two_servers_do_not_share_a_file)
{
    struct database first;
    set_database(&first);
    ck_assert_int_eq(database_open(&first), 0);
    must_fail("open the database PATH", "", EBUSY);
    database_close(&first);
    struct database second;
    set_database(&second);
    ck_assert_int_eq(database_open(&second), 0);
    database_close(&second);
}
END_TEST

static bool has(struct database *database, const char *pragma,
                const char *expected)
{
    sqlite3_stmt *statement;
    ck_assert_int_eq(
        sqlite3_prepare_v2(database->file, pragma, -1, &statement, NULL), 0);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    bool is_same =
        strcmp((const char *)sqlite3_column_text(statement, 0), expected) == 0;
    sqlite3_finalize(statement);
    return is_same;
}

// Without one of them, what is committed may be lost, or a reader may see it.
START_TEST(a_new_and_an_old_file_are_opened_the_same_way)
{
    for (int i = 0; i < 2; i++) {
        struct database database;
        set_database(&database);
        ck_assert_int_eq(database_open(&database), 0);
        ck_assert(has(&database, "pragma journal_mode", "wal"));
        ck_assert(has(&database, "pragma synchronous", "2")); // FULL
        ck_assert(has(&database, "pragma locking_mode", "exclusive"));
        ck_assert(has(&database, "pragma user_version", "1"));
        ck_assert(database_probe(&database));
        database_close(&database);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("durable_file");
    TCase *tests = tcase_create("database");
    tcase_add_unchecked_fixture(tests, make_directory, remove_directory);
    tcase_add_checked_fixture(tests, remove_path, NULL);
    tcase_set_timeout(tests, 60);
    unit_add_rows(tests, what_is_no_database_of_ours_is_not_used, rows);
    unit_add_rows(tests, a_name_is_a_path_and_no_uri, names);
    tcase_add_test(tests, a_missing_directory_is_not_made);
    tcase_add_test(tests, a_path_that_is_too_long_is_named);
    tcase_add_test(tests, a_file_of_another_user_is_not_used);
    tcase_add_test(tests, two_servers_do_not_share_a_file);
    tcase_add_test(tests, a_new_and_an_old_file_are_opened_the_same_way);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
