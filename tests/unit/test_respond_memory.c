// test_answers_memory.c - an answer for which there is no memory
//
// Then the answer is a 500, and a literal: that needs none.

#include "lib/service/respond.h"
#include "lib/service/respond_balance.h"

#include "tests/unit/memory.h"
#include "tests/unit/unit.h"

static struct store store;

static void open_store(void)
{
    int64_t balance;
    memory_allow_all();
    ck_assert_int_eq(store_init(&store), 0);
    store_add(&store, "alice", 100, &balance);
}

static void close_store(void)
{
    store_destroy(&store);
}

static void must_be_a_500(const struct http_response *response)
{
    ck_assert_int_eq(response->status, HTTP_INTERNAL_SERVER_ERROR);
    ck_assert(slice_is(
        response->body,
        "{\"status\":\"error\",\"reason\":\"internal_server_error\"}"));
}

static void refuse(struct http_response *response)
{
    respond_error(response, HTTP_NOT_FOUND, "a detail");
}

static void refuse_event(struct http_response *response)
{
    respond_invalid(response, "a detail");
}

static void refuse_sum(struct http_response *response)
{
    respond_result(response, STORE_OVERFLOW, 0);
}

static void tell_balance(struct http_response *response)
{
    respond_balances(response, &store, "alice");
}

static void tell_balances(struct http_response *response)
{
    respond_balances(response, &store, "");
}

static const struct {
    void (*answer)(struct http_response *response);
    const char *body; // when there is memory: its start
} made_up[] = {
    {refuse, "{\"status\":\"error\",\"reason\":\"not_found\","
             "\"detail\":\"a detail\"}"},
    {refuse_event, "{\"status\":\"error\",\"reason\":\"invalid_json\","
                   "\"detail\":\"a detail\"}"},
    {refuse_sum, "{\"status\":\"error\",\"reason\":\"balance_overflow\"}"},
    {tell_balance, "{\"user\":\"alice\",\"balance\":100}"},
    {tell_balances, "{\"alice\":100}"},
    {respond_metrics, "# HELP "},
};

START_TEST(a_body_that_found_no_memory_is_a_500)
{
    struct http_response response = {.text = {.failed = true}};
    made_up[_i].answer(&response);
    must_be_a_500(&response);
    ck_assert_ptr_null(response.content_type); // it is JSON now
}
END_TEST

// Never a part of an answer, and never an answer without its body.
START_TEST(wherever_memory_ends_the_answer_is_whole_or_a_500)
{
    enum http_status status = HTTP_INTERNAL_SERVER_ERROR;
    for (int count = 0; status == HTTP_INTERNAL_SERVER_ERROR; count++) {
        struct http_response response = {0};
        ck_assert_int_lt(count, 100);
        memory_allow(count);
        made_up[_i].answer(&response);
        status = response.status;
        if (status == HTTP_INTERNAL_SERVER_ERROR)
            must_be_a_500(&response);
        else
            ck_assert(slice_starts_with(response.body, made_up[_i].body));
        buffer_destroy(&response.text);
    }
    memory_allow_all();
}
END_TEST

// The work is done and can't be taken back.
START_TEST(a_balance_that_changed_is_told_without_memory)
{
    struct http_response response = {.text = {.failed = true}};
    memory_allow(0);
    respond_result(&response, STORE_ADDED, INT64_MIN);
    memory_allow_all();
    ck_assert_int_eq(response.status, HTTP_OK);
    ck_assert(slice_is(response.body,
                       "{\"status\":\"ok\",\"balance\":-9223372036854775808}"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("answers");
    TCase *memory = tcase_create("memory");
    tcase_add_checked_fixture(memory, open_store, close_store);
    unit_add_rows(memory, a_body_that_found_no_memory_is_a_500, made_up);
    unit_add_rows(memory, wherever_memory_ends_the_answer_is_whole_or_a_500,
                  made_up);
    tcase_add_test(memory, a_balance_that_changed_is_told_without_memory);
    suite_add_tcase(suite, memory);
    return unit_run(suite);
}
