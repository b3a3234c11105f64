#ifndef THAW_TESTS_UNIT_STORING_H
#define THAW_TESTS_UNIT_STORING_H

// storing.h - a storage in a directory of its own, without clients and workers
//
// The test is both: it offers events and waits for the response, and it takes
// jobs and applies them. There are no connections: the program has its own
// conn_complete.

#include "beyond/durable/storage.h"
#include "stage2_async/conn.h"
#include "tests/unit/faulty_disk.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct heard {
    int status; // 0: nothing yet
    char body[512];
};

static char directory[256];
static char path[300]; // of the database
static char copy[300]; // what a crash leaves of it
static struct loop loop;
static struct mailbox mailbox;
static struct channel jobs;
static struct storage storage;

void conn_complete(struct conn *conn, const struct http_response *response)
{
    struct heard *heard = (void *)conn;
    heard->status = (int)response->status;
    snprintf(heard->body, sizeof heard->body, "%.*s",
             (int)response->body.length, response->body.bytes);
    loop_stop(&loop);
}

static inline void make_directory(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/thaw-storage-XXXXXX",
             parent != NULL ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/some.db", directory);
    snprintf(copy, sizeof copy, "%s/copy.db", directory);
    faulty_disk_install();
}

static inline void remove_files(void)
{
    char name[sizeof directory + 300];
    struct dirent *entry;
    DIR *files = opendir(directory);
    while (files != NULL && (entry = readdir(files)) != NULL) {
        snprintf(name, sizeof name, "%s/%s", directory, entry->d_name);
        unlink(name);
    }
    if (files != NULL)
        closedir(files);
}

static inline void remove_directory(void)
{
    remove_files();
    rmdir(directory);
}

static inline void start_loop(void)
{
    remove_files();
    loop_init(&loop);
    ck_assert_int_eq(mailbox_init(&mailbox, &loop), 0);
}

// The directory is that of all tests, so it is removed when one has failed.
static inline TCase *add_storing(Suite *suite)
{
    TCase *tests = tcase_create("storing");
    tcase_add_unchecked_fixture(tests, make_directory, remove_directory);
    tcase_add_checked_fixture(tests, start_loop, NULL);
    tcase_set_timeout(tests, 500); // with valgrind it takes its time
    suite_add_tcase(suite, tests);
    return tests;
}

static inline void open_storage(int capacity, int users_max, int keys_max)
{
    storage.database = (struct database){
        .path = path, .users_max = users_max, .keys_max = keys_max};
    ck_assert_msg(storage_init(&storage, capacity, &jobs, &mailbox) == 0,
                  "cannot %s", process_fault());
}

static inline void close_storage(void)
{
    storage_stop(&storage);
    channel_destroy(&jobs);
}

// False: it is rejected at once.
static inline bool offer(struct heard *heard, const char *user, int64_t amount,
                         const char *key)
{
    struct event event = {"", "buy", amount};
    struct http_response response = {.conn = (void *)heard};
    snprintf(event.user, sizeof event.user, "%s", user);
    *heard = (struct heard){0};
    bool is_offered = storage_offer(&storage, &event, key, &response);
    ck_assert_int_eq(response.deferred, is_offered);
    return is_offered;
}

static inline int wait_for(const struct heard *heard)
{
    while (heard->status == 0)
        ck_assert_int_eq(loop_run(&loop), 0);
    return heard->status;
}

static inline int accept_event(const char *user, int64_t amount,
                               const char *key)
{
    struct heard heard;
    ck_assert(offer(&heard, user, amount, key));
    return wait_for(&heard);
}

static inline void must_look(const char *user, const char *body)
{
    struct heard heard = {0};
    struct http_response response = {.conn = (void *)&heard};
    ck_assert(storage_look_up(&storage, user, &response));
    wait_for(&heard);
    ck_assert_str_eq(heard.body, body);
}

// Takes the next job.
static inline struct stored_job take(void)
{
    struct stored_job job;
    ck_assert_uint_gt(channel_length(&jobs), 0);
    ck_assert(channel_receive(&jobs, &job));
    return job;
}

static inline enum store_result apply_next(int64_t *balance)
{
    struct stored_job job = take();
    enum store_result result;
    ck_assert(storage_apply(&storage, &job, &result, balance));
    return result;
}

#endif
