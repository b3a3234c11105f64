// What a failed ck_assert does in a fuzzer
//
// Without Check's runner, a failed assert prints what is wrong and ends the
// process, so that the fuzzer saves the input. Check's asserts need only these
// two functions; Check itself is not linked.

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
