#ifndef THAW_LIB_BASE_DIE_H
#define THAW_LIB_BASE_DIE_H

// die.h - for main.c alone: modules never print and never exit

#include "lib/base/options.h"
#include "lib/base/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What a person can do about errno. A start that fails with EAGAIN found no
// thread: nothing else in it returns that.
static inline const char *die_hint(void)
{
    switch (errno) {
    case EADDRINUSE:
        return " (is another stage running? or try --port 0)";
    case EBUSY:
        return " (another server writes it)";
    case EMFILE:
        return " (see ulimit -n)";
    case EAGAIN:
        return " (no thread is left: see ulimit -u)";
    default:
        return "";
    }
}

// Prints what could not be done, and the reason in errno. For the start only:
// a running server lives on when one request fails.
static inline _Noreturn void die_starting(const struct options *options)
{
    const char *hint = die_hint();
    fprintf(stderr, "%s: cannot %s: %s%s\n", options->program, process_fault(),
            strerror(errno), hint);
    exit(EXIT_FAILURE);
}

// The same, for a server that cannot go on.
static inline _Noreturn void die_running(const struct options *options)
{
    fprintf(stderr, "%s: waiting for clients: %s\n", options->program,
            strerror(errno));
    exit(EXIT_FAILURE);
}

#endif
