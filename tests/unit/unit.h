#ifndef THAW_TESTS_UNIT_UNIT_H
#define THAW_TESTS_UNIT_UNIT_H

// unit.h - what the main of every unit test does
//
// Check runs each test in a process of its own, so that a test which crashes or
// hangs ends alone. The results are TAP, for meson.

#include "lib/base/process.h"

#include <check.h>
#include <stdlib.h>

// Adds a test that runs once for each row of a table; _i is its row.
#define unit_add_rows(tcase, test, rows)                                       \
    tcase_add_loop_test(tcase, test, 0, (int)(sizeof(rows) / sizeof(rows)[0]))

// Of a long loop: valgrind and the sanitizers, for which .ci/run sets this
// variable, take larger steps.
static inline int unit_step(int when_slow)
{
    return getenv("CK_TIMEOUT_MULTIPLIER") != NULL ? when_slow : 1;
}

static inline int unit_run(Suite *suite)
{
    process_init();
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    // Where /tmp cannot be written, Check looks at this one only.
    const char *directory = getenv("TMPDIR");
    if (directory != NULL)
        setenv("TEMP", directory, 0);
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
