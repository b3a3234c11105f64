#ifndef THAW_LIB_BASE_DIE_H
#define THAW_LIB_BASE_DIE_H

// die.h - for main.c alone: modules never print and never exit

#include "lib/base/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Prints what could not be done, and the reason in errno. For the start only:
// a running server lives on when one request fails.
static inline _Noreturn void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

// The same, for a server that cannot listen.
static inline _Noreturn void die_starting(const struct options *options)
{
    const char *hint = errno == EADDRINUSE
                           ? " (is another stage running? or try --port 0)"
                           : "";
    fprintf(stderr, "%s: cannot start on %s, port %d: %s%s\n", options->program,
            options->bind, options->port, strerror(errno), hint);
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
