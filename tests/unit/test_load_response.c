// test_load_response.c - the lab's load finds the end of a response, wherever
// its bytes are cut on their way

#include "lab/load/load_response.h"
#include "tests/unit/unit.h"

#include <string.h>

static const struct {
    const char *bytes;
    int status;
    bool server_closes;
} rows[] = {
    {"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
     "Content-Length: 21\r\nConnection: keep-alive\r\n\r\n"
     "{\"status\":\"accepted\"}",
     202, false},
    {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n"
     "Connection: close\r\n\r\nbusy",
     503, true},
    {"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: CLOSE\r\n\r\n", 200,
     true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\r\n\r\n", 200, false},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static struct load_response response;

static void take(const char *bytes, size_t length, enum load_take expected)
{
    ck_assert_int_eq(load_response_take(&response, bytes, length), expected);
}

static void expect_row(int row)
{
    ck_assert_int_eq(response.status, rows[row].status);
    ck_assert(response.server_closes == rows[row].server_closes);
}

START_TEST(the_end_is_found_in_a_response_of_two_pieces)
{
    const char *bytes = rows[_i].bytes;
    size_t length = strlen(bytes);
    for (size_t cut = 1; cut < length; cut++) {
        load_response_begin(&response);
        take(bytes, cut, LOAD_TAKE_MORE);
        take(bytes + cut, length - cut, LOAD_TAKE_DONE);
        expect_row(_i);
    }
}
END_TEST

// One after the other: nothing of the response before stays.
START_TEST(the_end_is_found_in_responses_that_come_byte_by_byte)
{
    for (int row = 0; row < ROWS; row++) {
        const char *bytes = rows[row].bytes;
        size_t length = strlen(bytes);
        load_response_begin(&response);
        for (size_t i = 0; i + 1 < length; i++)
            take(bytes + i, 1, LOAD_TAKE_MORE);
        take(bytes + length - 1, 1, LOAD_TAKE_DONE);
        expect_row(row);
    }
}
END_TEST

START_TEST(a_header_section_without_end_is_wrong)
{
    static char bytes[LOAD_HEADER_MAX];
    memset(bytes, 'a', sizeof bytes);
    load_response_begin(&response);
    take(bytes, LOAD_HEADER_MAX - 1, LOAD_TAKE_MORE);
    take(bytes, 1, LOAD_TAKE_WRONG);
    load_response_begin(&response);
    take(bytes, LOAD_HEADER_MAX, LOAD_TAKE_WRONG);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load response");
    TCase *tests = tcase_create("responses");
    tcase_add_loop_test(tests, the_end_is_found_in_a_response_of_two_pieces, 0,
                        ROWS);
    tcase_add_test(tests, the_end_is_found_in_responses_that_come_byte_by_byte);
    tcase_add_test(tests, a_header_section_without_end_is_wrong);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
