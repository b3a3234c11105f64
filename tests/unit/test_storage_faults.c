// test_storage_faults.c - each write, each sync and each allocation fails, one
// after the other
//
// The event number i has the amount 2^i. So the sum of the balance and of the
// accepted events that are not applied tells which events are in the file, and
// whether one is there twice.

#include "beyond/durable/storage_private.h"
#include "tests/unit/faulty_memory.h"
#include "tests/unit/storing.h"

#include <errno.h>
#include <sqlite3.h>
#include <time.h>

enum { EVENTS = 6 };

// What the clients have heard, as sums.
static int64_t accepted; // must be in the file
static int64_t unknown;  // may be in the file

static void add_amount(void *context, int64_t id, const struct event *event)
{
    int64_t *sum = context;
    (void)id;
    ck_assert_str_eq(event->user, "alice");
    ck_assert_str_eq(event->action, "buy");
    *sum += event->amount;
}

static int64_t sum_of_copy(bool power_fails)
{
    struct database database = {.path = copy, .users_max = 9, .keys_max = 9};
    int64_t sum = 0;
    int64_t balance = 0;
    bool found;
    faulty_disk_copy(path, copy, power_fails);
    ck_assert_msg(database_open(&database) == 0, "cannot %s", process_fault());
    ck_assert(database_read(&database, add_amount, &sum));
    ck_assert(database_balance(&database, "alice", &found, &balance));
    database_close(&database);
    return sum + balance;
}

static void must_hold(int count, const char *when)
{
    faulty_disk_pause();
    for (int power_fails = 0; power_fails < 2; power_fails++) {
        int64_t sum = sum_of_copy(power_fails == 1);
        ck_assert_msg((sum & ~unknown) == accepted,
                      "call %d fails; after a %s %s: the file has %d, accepted "
                      "%d, unknown %d",
                      count, power_fails == 1 ? "power failure" : "kill", when,
                      (int)sum, (int)accepted, (int)unknown);
    }
    faulty_disk_go_on();
}

// Writes a checkpoint often: other files fail then.
static void open_small(void)
{
    open_storage(EVENTS, 9, 9);
    sqlite3_wal_autocheckpoint(storage.database.file, 5);
    ck_assert_int_eq(storage_start(&storage), 0);
}

static void offer_event(int number)
{
    char key[16];
    int64_t amount = (int64_t)1 << number;
    snprintf(key, sizeof key, "key %d", number);
    int status = accept_event("alice", amount, key);
    if (status == 202)
        accepted |= amount;
    else if (status == 504)
        unknown |= amount;
    else
        ck_assert_int_eq(status, 503);
}

static void apply_one(void)
{
    struct stored_job job;
    enum store_result result;
    int64_t balance;
    if (channel_length(&jobs) > 0 && channel_receive(&jobs, &job))
        storage_apply(&storage, &job, &result, &balance);
}

static void begin(void)
{
    remove_files();
    accepted = 0;
    unknown = 0;
    open_small();
}

static void fail_disk_once(int count)
{
    faulty_disk_fail(count, FAULTY_ONCE);
}

static const struct {
    void (*start)(int count);
    bool (*end)(void);
    int (*count)(void);
    int step; // when the program is slow
} faults[] = {
    {fail_disk_once, faulty_disk_end, faulty_disk_faults, 1},
    {faulty_memory_fail, faulty_memory_end, faulty_memory_faults, 17},
};

// One call fails. What it was for is rejected or tried again, and all that
// follows succeeds.
START_TEST(one_fault_loses_and_doubles_nothing)
{
    bool failed = true;
    for (int count = 0; failed; count += unit_step(faults[_i].step)) {
        begin();
        int before = faults[_i].count(); // until the fault all is well
        faults[_i].start(count);
        for (int i = 0; i < EVENTS; i++) {
            offer_event(i);
            if (faults[_i].count() > before)
                must_hold(count, "an offer");
            if (i % 2 == 0)
                apply_one();
            if (faults[_i].count() > before)
                must_hold(count, "a change");
        }
        failed = faults[_i].end();
        ck_assert_int_eq(unknown, 0);
        close_storage();
        must_hold(count, "the end");
    }
}
END_TEST

// The clients repeat what was not accepted, with the same keys.
static void repeat_all(void)
{
    for (int i = 0; i < EVENTS; i++)
        offer_event(i);
    ck_assert_int_eq(accepted, (1 << EVENTS) - 1);
    unknown = 0;
}

// Nothing can be written for a while. A change waits as long, so here the
// server ends, and the change stays in the file.
START_TEST(a_disk_that_fails_for_a_while_loses_and_doubles_nothing)
{
    bool failed = true;
    for (int count = 0; failed; count++) {
        begin();
        storage_end(&storage);
        faulty_disk_fail(count, FAULTY_FOR_GOOD);
        for (int i = 0; i < EVENTS; i++) {
            offer_event(i);
            if (i % 2 == 0)
                apply_one();
        }
        must_hold(count, "all of them");
        close_storage();
        must_hold(count, "the end");
        failed = faulty_disk_end();
        open_small();
        repeat_all();
        must_hold(count, "a repetition");
        close_storage();
    }
}
END_TEST

enum { WORKERS = 4 };

static bool applied[WORKERS];

static void *apply_in_thread(void *argument)
{
    struct stored_job job;
    enum store_result result;
    int64_t balance;
    bool *is_applied = argument;
    *is_applied = channel_receive(&jobs, &job) &&
                  storage_apply(&storage, &job, &result, &balance) &&
                  result == STORE_ADDED;
    return NULL;
}

// Until so many changes wait, and all of them have failed in one transaction.
static void wait_for_failures(int count)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    int waiting = 0;
    int before = -1;
    while (before < 0 || waiting < count || faulty_disk_faults() < before + 4) {
        waiting = 0;
        pthread_mutex_lock(&storage.mutex);
        for (struct change *change = storage.changes; change != NULL;
             change = change->next)
            waiting++;
        pthread_mutex_unlock(&storage.mutex);
        if (waiting == count && before < 0)
            before = faulty_disk_faults();
        nanosleep(&pause, NULL);
    }
}

START_TEST(changes_wait_until_the_disk_is_there_again)
{
    pthread_t workers[WORKERS];
    open_small();
    for (int i = 0; i < WORKERS; i++)
        ck_assert_int_eq(accept_event("alice", 1 << i, ""), 202);
    faulty_disk_fail(0, FAULTY_FOR_GOOD);
    for (int i = 0; i < WORKERS; i++) {
        ck_assert_int_eq(
            pthread_create(&workers[i], NULL, apply_in_thread, &applied[i]), 0);
        if (i >= WORKERS - 2)
            wait_for_failures(i + 1);
    }
    faulty_disk_end();
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i], NULL);
        ck_assert(applied[i]);
    }
    must_look("", "{\"alice\":15}\n");
    accepted = 15;
    must_hold(0, "all changes");
    close_storage();
}
END_TEST

START_TEST(while_nothing_can_be_written_offers_are_rejected)
{
    struct heard heard;
    open_small();
    ck_assert_int_eq(accept_event("alice", 1, "key"), 202);
    faulty_disk_fail(0, FAULTY_FOR_GOOD);
    ck_assert(offer(&heard, "alice", 2, ""));
    ck_assert_int_eq(wait_for(&heard), 503);
    ck_assert_str_eq(heard.body,
                     "{\"status\":\"rejected\",\"reason\":\"storage_failed\","
                     "\"detail\":\"database or disk is full\"}\n");
    ck_assert_int_eq(storage_waiting(&storage), 1);
    ck_assert_int_eq(accept_event("alice", 1, "key"), 202); // known
    must_look("", "{}\n");
    faulty_disk_end();
    ck_assert_int_eq(accept_event("alice", 2, ""), 202);
    ck_assert_uint_eq(channel_length(&jobs), 2);
    close_storage();
}
END_TEST

// A known key and an event that cannot be written, in one transaction.
START_TEST(a_known_key_stays_accepted_when_its_transaction_fails)
{
    struct heard heard[3];
    open_small();
    ck_assert_int_eq(accept_event("alice", 1, "known"), 202);
    close_storage();
    open_storage(EVENTS, 9, 9);
    ck_assert(offer(&heard[0], "alice", 2, "new"));
    ck_assert(offer(&heard[1], "alice", 2, "new"));
    ck_assert(offer(&heard[2], "alice", 1, "known"));
    faulty_disk_fail(0, FAULTY_FOR_GOOD);
    ck_assert_int_eq(storage_start(&storage), 0);
    ck_assert_int_eq(wait_for(&heard[0]), 503);
    ck_assert_int_eq(wait_for(&heard[1]), 503);
    ck_assert_int_eq(wait_for(&heard[2]), 202);
    faulty_disk_end();
    close_storage();
}
END_TEST

// A new database, and one with an event. SQLite may do without some memory.
START_TEST(an_open_that_fails_says_why_and_leaves_the_file_as_it_was)
{
    bool failed = true;
    for (int count = 0; failed; count += unit_step(faults[_i / 2].step)) {
        struct database database = {
            .path = path, .users_max = 9, .keys_max = 9};
        begin();
        if (_i % 2 == 1)
            offer_event(0);
        close_storage();
        if (_i % 2 == 0)
            remove_files();
        faults[_i / 2].start(count);
        int result = database_open(&database);
        int error = errno;
        failed = faults[_i / 2].end();
        database_close(&database);
        bool is_told =
            _i < 2 ? error == ENOSPC || error == EIO : error == ENOMEM;
        ck_assert_msg(result == 0 || is_told, "call %d: cannot %s: %s", count,
                      process_fault(), strerror(error));
        must_hold(count, "an open");
    }
}
END_TEST

// What a server works on after a restart.
START_TEST(events_are_read_as_they_were_or_not_at_all)
{
    struct database database = {.path = path, .users_max = 9, .keys_max = 9};
    bool failed = true;
    begin();
    offer_event(0);
    offer_event(1);
    close_storage();
    for (int count = 0; failed; count++) {
        int64_t sum = 0;
        ck_assert_int_eq(database_open(&database), 0);
        faulty_memory_fail(count);
        bool is_read = database_read(&database, add_amount, &sum);
        failed = faulty_memory_end();
        ck_assert_int_eq(sum & ~INT64_C(3), 0);
        ck_assert(!is_read || sum == 3);
        ck_assert(is_read || failed);
        database_close(&database);
    }
}
END_TEST

static const struct {
    const char *user; // empty: all
    const char *body;
} looks[] = {
    {"", "{\"alice\":3}\n"},
    {"alice", "{\"user\":\"alice\",\"balance\":3}\n"},
};

START_TEST(balances_are_read_as_they_are_or_not_at_all)
{
    bool failed = true;
    begin();
    for (int i = 0; i < 2; i++) {
        offer_event(i);
        apply_one();
    }
    for (int count = 0; failed; count++) {
        struct heard heard = {0};
        struct http_response response = {.conn = (void *)&heard};
        faulty_memory_fail(count);
        bool is_asked = storage_look_up(&storage, looks[_i].user, &response);
        int status = wait_for(&heard);
        failed = faulty_memory_end();
        ck_assert(is_asked);
        ck_assert_int_eq(status, status == 200 || !failed ? 200 : 503);
        ck_assert_str_eq(status == 200 ? heard.body : looks[_i].body,
                         looks[_i].body);
    }
    close_storage();
}
END_TEST

int main(void)
{
    faulty_memory_install();
    Suite *suite = suite_create("storage_faults");
    TCase *tests = add_storing(suite);
    unit_add_rows(tests, one_fault_loses_and_doubles_nothing, faults);
    tcase_add_loop_test(
        tests, an_open_that_fails_says_why_and_leaves_the_file_as_it_was, 0, 4);
    tcase_add_test(tests,
                   a_disk_that_fails_for_a_while_loses_and_doubles_nothing);
    tcase_add_test(tests, events_are_read_as_they_were_or_not_at_all);
    unit_add_rows(tests, balances_are_read_as_they_are_or_not_at_all, looks);
    tcase_add_test(tests, changes_wait_until_the_disk_is_there_again);
    tcase_add_test(tests, while_nothing_can_be_written_offers_are_rejected);
    tcase_add_test(tests,
                   a_known_key_stays_accepted_when_its_transaction_fails);
    return unit_run(suite);
}
