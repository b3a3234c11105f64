// What a failed ck_assert does in a fuzzer
//
// Outside of Check's runner there is nobody to report to: it says what is wrong
// and ends the process, so that the fuzzer keeps the input. These two functions
// are all that Check's asserts need, and Check itself is not linked.

#include <check.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

// NOLINTBEGIN(bugprone-reserved-identifier): Check's names, not ours
void _mark_point(const char *file, int line)
{
    (void)file;
    (void)line;
}

void _ck_assert_failed(const char *file, int line, const char *expr,
                       const char *msg, ...)
{
    fprintf(stderr, "%s:%d: %s", file, line, expr);
    if (msg != NULL) {
        va_list arguments;
        va_start(arguments, msg);
        fprintf(stderr, ": ");
        vfprintf(stderr, msg, arguments);
        va_end(arguments);
    }
    fprintf(stderr, "\n");
    abort();
}
// NOLINTEND(bugprone-reserved-identifier)
