// test_respond_memory.c - a response for which there is no memory
//
// The response is then a 500 whose body is a literal: that needs no memory.

#include "lib/service/respond.h"
#include "lib/service/respond_balance.h"

#include "tests/unit/memory.h"
#include "tests/unit/unit.h"

static struct store store = {.users_max = 10};

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
        "{\"status\":\"error\",\"reason\":\"internal_server_error\"}\n"));
}

static void respond_404(struct http_response *response)
{
    respond_error(response, HTTP_NOT_FOUND, "a detail");
}

static void respond_400(struct http_response *response)
{
    respond_invalid(response, "invalid_json", "a detail");
}

static void respond_409(struct http_response *response)
{
    respond_result(response, STORE_OVERFLOW, 0);
}

static void respond_alice(struct http_response *response)
{
    respond_balances(response, &store, "alice");
}

static void respond_all(struct http_response *response)
{
    respond_balances(response, &store, "");
}

static const struct {
    void (*respond)(struct http_response *response);
    const char *body; // its start, if there is memory
} composed[] = {
    {respond_404, "{\"status\":\"error\",\"reason\":\"not_found\","
                  "\"detail\":\"a detail\"}\n"},
    {respond_400, "{\"status\":\"error\",\"reason\":\"invalid_json\","
                  "\"detail\":\"a detail\"}\n"},
    {respond_409, "{\"status\":\"error\",\"reason\":\"balance_overflow\"}\n"},
    {respond_alice, "{\"user\":\"alice\",\"balance\":100}\n"},
    {respond_all, "{\"alice\":100}\n"},
    {respond_metrics, "# HELP "},
};

START_TEST(a_body_without_memory_is_a_500)
{
    struct http_response response = {.text = {.failed = true}};
    composed[_i].respond(&response);
    must_be_a_500(&response);
    ck_assert_ptr_null(response.content_type); // it is JSON now
}
END_TEST

// Never a part of a response, and never a response without its body.
START_TEST(wherever_memory_ends_the_response_is_complete_or_a_500)
{
    enum http_status status = HTTP_INTERNAL_SERVER_ERROR;
    for (int count = 0; status == HTTP_INTERNAL_SERVER_ERROR; count++) {
        struct http_response response = {0};
        ck_assert_int_lt(count, 100);
        memory_allow(count);
        composed[_i].respond(&response);
        status = response.status;
        if (status == HTTP_INTERNAL_SERVER_ERROR)
            must_be_a_500(&response);
        else
            ck_assert(slice_starts_with(response.body, composed[_i].body));
        buffer_destroy(&response.text);
    }
    memory_allow_all();
}
END_TEST

// The balance has changed: a 500 would make the client send the event again.
START_TEST(a_new_balance_needs_no_memory)
{
    struct http_response response = {.text = {.failed = true}};
    memory_allow(0);
    respond_result(&response, STORE_ADDED, INT64_MIN);
    memory_allow_all();
    ck_assert_int_eq(response.status, HTTP_OK);
    ck_assert(
        slice_is(response.body,
                 "{\"status\":\"ok\",\"balance\":-9223372036854775808}\n"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("respond");
    TCase *memory = tcase_create("memory");
    tcase_add_checked_fixture(memory, open_store, close_store);
    unit_add_rows(memory, a_body_without_memory_is_a_500, composed);
    unit_add_rows(memory,
                  wherever_memory_ends_the_response_is_complete_or_a_500,
                  composed);
    tcase_add_test(memory, a_new_balance_needs_no_memory);
    suite_add_tcase(suite, memory);
    return unit_run(suite);
}
