// test_buffer.c - buffers that grow, and slices of bytes

#include "lib/base/buffer.h"
#include "lib/base/slice.h"
#include "tests/unit/unit.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// No machine has that much memory: the buffer must fail by the length alone.
// Volatile, because the compiler warns of such a length where it can see it.
static struct slice endless(void)
{
    static const char *volatile bytes = "x";
    static volatile size_t too_much = SIZE_MAX;
    return (struct slice){bytes, too_much};
}

START_TEST(an_all_zero_buffer_is_empty_and_ready)
{
    struct buffer buffer = {0};
    ck_assert_uint_eq(buffer_slice(&buffer).length, 0);
    buffer_add_text(&buffer, "");
    buffer_remove_front(&buffer, 0);
    buffer_clear(&buffer);
    buffer_destroy(&buffer);
    ck_assert_ptr_null(buffer.bytes);
    ck_assert(!buffer.failed);
}
END_TEST

START_TEST(added_bytes_are_in_order)
{
    struct buffer buffer = {0};
    buffer_add_text(&buffer, "one ");
    buffer_add(&buffer, (struct slice)SLICE("t\0o "));
    buffer_add_format(&buffer, "%d %s", 3, "four");
    buffer_add_format(&buffer, "%s", "");
    ck_assert_uint_eq(buffer.length, 14);
    ck_assert_mem_eq(buffer.bytes, "one t\0o 3 four", 14);
    ck_assert(!buffer.failed);
    buffer_destroy(&buffer);
}
END_TEST

// Every length up to some thousands, because the room may just be enough, also
// for the NUL that vsnprintf writes at the end.
START_TEST(a_growing_buffer_keeps_every_byte)
{
    enum { LENGTH = 5000 };
    struct buffer buffer = {0};
    for (int i = 0; i < LENGTH; i++) {
        char byte = (char)('a' + i % 26);
        if (i % 2 == 0) {
            buffer_add(&buffer, (struct slice){&byte, 1});
            ck_assert_uint_le(buffer.length, buffer.size);
        } else {
            buffer_add_format(&buffer, "%c", byte);
            ck_assert_uint_lt(buffer.length, buffer.size);
        }
    }
    ck_assert_uint_eq(buffer.length, LENGTH);
    for (int i = 0; i < LENGTH; i++)
        ck_assert_int_eq(buffer.bytes[i], 'a' + i % 26);
    buffer_destroy(&buffer);
}
END_TEST

START_TEST(one_addition_may_be_larger_than_all_before)
{
    enum { LENGTH = 100000 };
    char *text = malloc(LENGTH + 1);
    struct buffer buffer = {0};
    ck_assert_ptr_nonnull(text);
    memset(text, 'x', LENGTH);
    text[LENGTH] = '\0';
    buffer_add_text(&buffer, "a");
    buffer_add_text(&buffer, text);
    buffer_add_format(&buffer, "%s", text);
    ck_assert_uint_eq(buffer.length, 1 + 2 * LENGTH);
    ck_assert_int_eq(buffer.bytes[0], 'a');
    ck_assert_mem_eq(buffer.bytes + 1, text, LENGTH);
    ck_assert_mem_eq(buffer.bytes + 1 + LENGTH, text, LENGTH);
    buffer_destroy(&buffer);
    free(text);
}
END_TEST

START_TEST(reserved_room_is_taken_once)
{
    enum { MANY = 100000 };
    struct buffer buffer = {0};
    buffer_add_text(&buffer, "abc");
    buffer_reserve(&buffer, MANY);
    const char *bytes = buffer.bytes;
    ck_assert_uint_eq(buffer.length, 3);
    for (int i = 0; i < MANY; i++)
        buffer_add_text(&buffer, "x");
    ck_assert_ptr_eq(buffer.bytes, bytes);
    ck_assert(!buffer.failed);
    buffer_reserve(&buffer, SIZE_MAX);
    ck_assert(buffer.failed);
    buffer_destroy(&buffer);
}
END_TEST

START_TEST(removing_the_front_moves_the_other_bytes_to_the_front)
{
    struct buffer buffer = {0};
    buffer_add_text(&buffer, "one two three");
    buffer_remove_front(&buffer, 4);
    ck_assert(slice_is(buffer_slice(&buffer), "two three"));
    buffer_remove_front(&buffer, 0);
    ck_assert(slice_is(buffer_slice(&buffer), "two three"));
    buffer_remove_front(&buffer, 9);
    ck_assert_uint_eq(buffer.length, 0);
    buffer_add_text(&buffer, "four");
    ck_assert(slice_is(buffer_slice(&buffer), "four"));
    buffer_destroy(&buffer);
}
END_TEST

START_TEST(clearing_keeps_the_memory_and_destroying_releases_it)
{
    struct buffer buffer = {0};
    buffer_add_text(&buffer, "one");
    const char *bytes = buffer.bytes;
    buffer_clear(&buffer);
    ck_assert_uint_eq(buffer.length, 0);
    ck_assert_ptr_eq(buffer.bytes, bytes);
    buffer_add_text(&buffer, "two");
    ck_assert(slice_is(buffer_slice(&buffer), "two"));
    buffer_destroy(&buffer);
    ck_assert_uint_eq(buffer.size, 0);
    buffer_add_text(&buffer, "three");
    ck_assert(slice_is(buffer_slice(&buffer), "three"));
    buffer_destroy(&buffer);
}
END_TEST

// So a part of a response is never sent as a complete one.
START_TEST(a_failed_buffer_ignores_what_is_added)
{
    struct buffer buffer = {0};
    buffer_add_text(&buffer, "one");
    buffer_add(&buffer, endless());
    ck_assert(buffer.failed);
    buffer_add_text(&buffer, "two");
    buffer_add_format(&buffer, "%d", 3);
    ck_assert(buffer.failed);
    ck_assert(slice_is(buffer_slice(&buffer), "one"));
    buffer_destroy(&buffer);
}
END_TEST

START_TEST(a_failed_buffer_can_be_used_again_once_it_is_empty)
{
    struct buffer buffer = {0};
    buffer_add(&buffer, endless());
    ck_assert(buffer.failed);
    buffer_clear(&buffer);
    buffer_add_text(&buffer, "one");
    ck_assert(!buffer.failed);
    ck_assert(slice_is(buffer_slice(&buffer), "one"));
    buffer_add(&buffer, endless());
    buffer_destroy(&buffer);
    ck_assert(!buffer.failed);
}
END_TEST

START_TEST(a_slice_is_compared_byte_by_byte_and_as_a_whole)
{
    const struct slice slice = SLICE("Host");
    ck_assert(slice_is(slice, "Host"));
    ck_assert(!slice_is(slice, "host"));
    ck_assert(!slice_is(slice, "Hos"));
    ck_assert(!slice_is(slice, "Hosts"));
    ck_assert(slice_is_ignoring_case(slice, "hOST"));
    ck_assert(!slice_is_ignoring_case(slice, "hos"));
    ck_assert(!slice_is_ignoring_case(slice, "hosts"));
    ck_assert(!slice_is_ignoring_case(slice, "hort"));
}
END_TEST

START_TEST(a_slice_has_prefixes_and_bytes_after_them)
{
    const struct slice slice = SLICE("/balances/alice");
    ck_assert(slice_starts_with(slice, ""));
    ck_assert(slice_starts_with(slice, "/balances"));
    ck_assert(slice_starts_with(slice, "/balances/alice"));
    ck_assert(!slice_starts_with(slice, "/balances/alice/"));
    ck_assert(!slice_starts_with(slice, "/Balances"));
    ck_assert(slice_is(slice_after(slice, 0), "/balances/alice"));
    ck_assert(slice_is(slice_after(slice, 10), "alice"));
    ck_assert(slice_is(slice_after(slice, slice.length), ""));
}
END_TEST

START_TEST(a_slice_may_contain_nul)
{
    static const struct slice slice = SLICE("a\0b");
    ck_assert_uint_eq(slice.length, 3);
    ck_assert(!slice_is(slice, "a"));
    ck_assert_uint_eq(slice_of("a\0b").length, 1);
}
END_TEST

START_TEST(only_hexadecimal_digits_have_a_value)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    for (int byte = 0; byte < 256; byte++) {
        const char *digit = memchr(digits, byte, sizeof digits - 1);
        int value = digit != NULL ? (int)(digit - digits) % 16 : -1;
        ck_assert_int_eq(hexadecimal_value((char)byte), value);
    }
}
END_TEST

static Suite *buffer_suite(void)
{
    Suite *suite = suite_create("buffer");
    TCase *buffers = tcase_create("buffers");
    tcase_add_test(buffers, an_all_zero_buffer_is_empty_and_ready);
    tcase_add_test(buffers, added_bytes_are_in_order);
    tcase_add_test(buffers, a_growing_buffer_keeps_every_byte);
    tcase_add_test(buffers, one_addition_may_be_larger_than_all_before);
    tcase_add_test(buffers,
                   removing_the_front_moves_the_other_bytes_to_the_front);
    tcase_add_test(buffers,
                   clearing_keeps_the_memory_and_destroying_releases_it);
    tcase_add_test(buffers, reserved_room_is_taken_once);
    tcase_add_test(buffers, a_failed_buffer_ignores_what_is_added);
    tcase_add_test(buffers, a_failed_buffer_can_be_used_again_once_it_is_empty);
    suite_add_tcase(suite, buffers);
    TCase *slices = tcase_create("slices");
    tcase_add_test(slices, a_slice_is_compared_byte_by_byte_and_as_a_whole);
    tcase_add_test(slices, a_slice_has_prefixes_and_bytes_after_them);
    tcase_add_test(slices, a_slice_may_contain_nul);
    tcase_add_test(slices, only_hexadecimal_digits_have_a_value);
    suite_add_tcase(suite, slices);
    return suite;
}

int main(void)
{
    return unit_run(buffer_suite());
}
