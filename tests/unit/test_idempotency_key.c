// test_idempotency_key.c - the field with which a client repeats an event

#include "beyond/idempotency_key.h"
#include "tests/unit/unit.h"

#include <stdio.h>

static const struct {
    const char *field; // whole lines
    const char *key;   // NULL: it is rejected
    const char *detail;
} rows[] = {
    {"", "", NULL},
    {"Idempotency-Key: \"7\"\r\n", "7", NULL},
    {"idempotency-key:\"8e03978e-40d5-43e8-bc93-6894a57f9324\"\r\n",
     "8e03978e-40d5-43e8-bc93-6894a57f9324", NULL},
    {"Idempotency-Key: \"a b;c,d=~!\"\r\n", "a b;c,d=~!", NULL},
    {"Idempotency-Key: \"a\\\"b\\\\c\"\r\n", "a\"b\\c", NULL},
    {"Idempotency-Key: \" \"\r\n", " ", NULL},
    {"Idempotency-Key: 7\r\n", NULL, "expected a string in double quotes"},
    {"Idempotency-Key: order-7\r\n", NULL,
     "expected a string in double quotes"},
    {"Idempotency-Key:\r\n", NULL, "expected a string in double quotes"},
    {"Idempotency-Key: '7'\r\n", NULL, "expected a string in double quotes"},
    {"Idempotency-Key: \"\"\r\n", NULL, "expected at least one byte"},
    {"Idempotency-Key: \"7\r\n", NULL, "expected a double quote at the end"},
    {"Idempotency-Key: \"\r\n", NULL, "expected a double quote at the end"},
    {"Idempotency-Key: \"7\\\"\r\n", NULL,
     "expected a double quote at the end"},
    {"Idempotency-Key: \"7\\\r\n", NULL, "expected a double quote at the end"},
    {"Idempotency-Key: \"a\\nb\"\r\n", NULL,
     "a backslash stands before a quote or a backslash only"},
    {"Idempotency-Key: \"\xc3\xa9\"\r\n", NULL, "expected printable ASCII"},
    {"Idempotency-Key: \"a\tb\"\r\n", NULL, "expected printable ASCII"},
    {"Idempotency-Key: \"7\";a=b\r\n", NULL,
     "expected nothing after the second double quote"},
    {"Idempotency-Key: \"7\", \"8\"\r\n", NULL,
     "expected nothing after the second double quote"},
    {"Idempotency-Key: \"7\"\r\nIdempotency-Key: \"7\"\r\n", NULL,
     "expected once, not twice"},
};

static bool read_fields(const char *fields, char key[IDEMPOTENCY_KEY_MAX + 1],
                        struct event_fault *fault)
{
    static const struct http_limits limits = {8192, 16384, 100, 1000, 1000};
    static char bytes[2048];
    struct http_request request;
    struct http_progress progress = {0};
    int length = snprintf(bytes, sizeof bytes,
                          "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
    ck_assert_int_eq(
        http_parse_request(bytes, (size_t)length, &limits, &progress, &request),
        HTTP_PARSE_DONE);
    return idempotency_key_read(&request, key, fault);
}

START_TEST(a_key_is_a_string_in_quotes)
{
    char key[IDEMPOTENCY_KEY_MAX + 1];
    char detail[EVENT_DETAIL_SIZE];
    struct event_fault fault;
    bool is_read = read_fields(rows[_i].field, key, &fault);
    ck_assert_msg(is_read == (rows[_i].key != NULL), "%s", rows[_i].field);
    if (is_read) {
        ck_assert_str_eq(key, rows[_i].key);
        return;
    }
    snprintf(detail, sizeof detail, "Idempotency-Key: %s", rows[_i].detail);
    ck_assert_str_eq(fault.reason, "invalid_idempotency_key");
    ck_assert_str_eq(fault.detail, detail);
}
END_TEST

START_TEST(a_key_has_255_bytes_at_most)
{
    char key[IDEMPOTENCY_KEY_MAX + 1];
    char fields[1024];
    struct event_fault fault;
    for (int length = 254; length <= 256; length++) {
        snprintf(fields, sizeof fields, "Idempotency-Key: \"%0*d\"\r\n", length,
                 7);
        bool is_read = read_fields(fields, key, &fault);
        ck_assert_int_eq(is_read, length <= 255);
        ck_assert(!is_read || strlen(key) == (size_t)length);
    }
    ck_assert_str_eq(fault.detail,
                     "Idempotency-Key: expected at most 255 bytes");
}
END_TEST

// A backslash is no byte of the key, so it does not count.
START_TEST(the_length_is_that_of_the_key)
{
    char key[IDEMPOTENCY_KEY_MAX + 1];
    char backslashes[2 * IDEMPOTENCY_KEY_MAX + 1] = "";
    char fields[1024];
    struct event_fault fault;
    memset(backslashes, '\\', sizeof backslashes - 1);
    snprintf(fields, sizeof fields, "Idempotency-Key: \"%s\"\r\n", backslashes);
    ck_assert(read_fields(fields, key, &fault));
    ck_assert_uint_eq(strlen(key), IDEMPOTENCY_KEY_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("idempotency_key");
    TCase *tests = tcase_create("idempotency_key");
    unit_add_rows(tests, a_key_is_a_string_in_quotes, rows);
    tcase_add_test(tests, a_key_has_255_bytes_at_most);
    tcase_add_test(tests, the_length_is_that_of_the_key);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
