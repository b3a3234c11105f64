// test_printable.c - a terminal never gets what it would obey

#include "lib/base/printable.h"
#include "tests/unit/capture.h"
#include "tests/unit/unit.h"

#include <string.h>

static const struct {
    const char *name;
    struct slice text;
    const char *shown;
} texts[] = {
    {"nothing", SLICE(""), ""},
    {"ASCII", SLICE("~alice_01 {%s}"), "~alice_01 {%s}"},
    {"two, three and four bytes", SLICE("\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80"),
     "\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80"},
    {"the first of two, three and four bytes",
     SLICE("\xc2\xa0\xe0\xa0\x80\xf0\x90\x80\x80"),
     "\xc2\xa0\xe0\xa0\x80\xf0\x90\x80\x80"},
    {"a line of its own", SLICE("a\nworker 9: bob"), "a?worker 9: bob"},
    {"the screen is cleared", SLICE("\x1b[2J"), "?[2J"},
    {"a NUL in the middle", SLICE("a\0b"), "a?b"},
    {"delete", SLICE("\x7f"), "?"},
    {"C1", SLICE("a\xc2\x80\xc2\x9f"), "a????"},
    {"what follows is shown from right to left",
     // NOLINTNEXTLINE(misc-misleading-bidirectional): such text is the test.
     SLICE("\xe2\x80\xae"
           "evil"),
     "???evil"},
    {"what is not seen, and makes two names look the same",
     SLICE("al\xe2\x80\x8bi\xc2\xad"
           "ce\xef\xbb\xbf\xcd\x8f"),
     "al???i??ce?????"},
    {"fillers and blanks that are no space",
     SLICE("\xe1\x85\x9f\xe3\x85\xa4\xef\xbe\xa0\xe2\xa0\x80\xe1\xa0\x8e"),
     "???????????????"},
    {"tags and annotations", SLICE("\xf3\xa0\x81\x81\xef\xbf\xb9"), "???????"},
    {"their visible neighbours",
     SLICE("\xc2\xac\xcd\x8e\xe2\x80\x8a\xe2\x81\x9f\xef\xbb\xbc\xef\xbf\xbc"),
     "\xc2\xac\xcd\x8e\xe2\x80\x8a\xe2\x81\x9f\xef\xbb\xbc\xef\xbf\xbc"},
    // What is no UTF-8, and what a careless terminal takes for it.
    {"a byte that continues nothing", SLICE("a\x80z"), "a?z"},
    {"C1 in one byte: CSI",
     SLICE("\x9b"
           "2J"),
     "?2J"},
    {"a character without its end", SLICE("a\xe6\x97"), "a??"},
    {"a character that another one cuts", SLICE("\xe6\x97\xc3\xa9"),
     "??\xc3\xa9"},
    {"a lead byte, then ASCII",
     SLICE("\xc3"
           "A"),
     "?A"},
    {"ESC in two bytes", SLICE("\xc0\x9b[2J"), "??[2J"},
    {"CSI in three bytes", SLICE("\xe0\x82\x9b"), "???"},
    {"CSI in four bytes", SLICE("\xf0\x80\x82\x9b"), "????"},
    {"a letter in two, three and four bytes",
     SLICE("\xc1\x81\xe0\x81\x81\xf0\x80\x81\x81"), "?????????"},
    {"bytes that continue nothing", SLICE("\x9b\x9b"), "??"},
    {"lead bytes of nothing", SLICE("\xf5\xff"), "??"},
    {"a surrogate, and what is beyond U+10FFFF",
     SLICE("\xed\xa0\x80\xf4\x90\x80\x80"), "???????"},
};

START_TEST(what_a_terminal_would_obey_is_a_question_mark)
{
    char out[64];
    size_t length = printable(out, sizeof out, texts[_i].text);
    ck_assert_msg(strcmp(out, texts[_i].shown) == 0, "%s: %s", texts[_i].name,
                  out);
    ck_assert_uint_eq(length, strlen(texts[_i].shown));
}
END_TEST

static const struct {
    const char *name;
    size_t size;
    struct slice text;
    const char *shown;
} cuts[] = {
    {"it fits exactly", 6, SLICE("hello"), "hello"},
    {"one byte too long", 6, SLICE("hello!"), "he..."},
    {"much too long", 8, SLICE("hello, hello, hello"), "hell..."},
    {"no room but for the dots", 4, SLICE("hello"), "..."},
    {"a character is never cut", 7,
     SLICE("ab\xc3\xa9"
           "defg"),
     "ab..."},
    {"a character before the dots", 8,
     SLICE("ab\xc3\xa9"
           "defg"),
     "ab\xc3\xa9..."},
    {"a character fits at the end", 5, SLICE("ab\xc3\xa9"), "ab\xc3\xa9"},
    {"a character does not fit", 5, SLICE("abc\xc3\xa9"), "a..."},
};

START_TEST(what_does_not_fit_ends_with_dots)
{
    char out[64];
    memset(out, 'x', sizeof out);
    size_t length = printable(out, cuts[_i].size, cuts[_i].text);
    ck_assert_msg(strcmp(out, cuts[_i].shown) == 0, "%s: %s", cuts[_i].name,
                  out);
    ck_assert_uint_eq(length, strlen(cuts[_i].shown));
    ck_assert_int_eq(out[cuts[_i].size], 'x'); // nothing after `size`
}
END_TEST

START_TEST(a_text_of_many_lines_is_printed_line_by_line)
{
    static char text[2 * PRINTABLE_LINE];
    struct capture out;
    memset(text, 'x', sizeof text - 1);
    capture_start(&out, stdout);
    printable_lines(stdout, "  ", "one\x1b[2J\n\ntwo");
    printable_lines(stdout, "", "");
    printable_lines(stdout, "> ", text);
    capture_stop(&out);
    static const char start[] = "  one?[2J\n  \n  two\n> xxx";
    ck_assert_int_eq(strncmp(out.text, start, strlen(start)), 0);
    ck_assert_str_eq(out.text + strlen(out.text) - 5, "x...\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("printable");
    TCase *tests = tcase_create("texts");
    unit_add_rows(tests, what_a_terminal_would_obey_is_a_question_mark, texts);
    unit_add_rows(tests, what_does_not_fit_ends_with_dots, cuts);
    tcase_add_test(tests, a_text_of_many_lines_is_printed_line_by_line);
    suite_add_tcase(suite, tests);
    return unit_run(suite);
}
