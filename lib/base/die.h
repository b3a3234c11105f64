#ifndef THAW_LIB_BASE_DIE_H
#define THAW_LIB_BASE_DIE_H

// die.h - for main.c alone: modules never print and never exit

#include "lib/base/options.h"
#include "lib/base/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What a person can do about an error. A start that fails with EAGAIN found no
// thread: nothing else in it returns that.
static inline void die_print_hint(const struct options *options, int error)
{
    int next_port = options->port < 65535 ? options->port + 1 : 8080;
    if (error == EADDRINUSE)
        fprintf(stderr,
                ": another program has it, of yours or of another user; try "
                "export PORT=%d, or --port %d",
                next_port, next_port);
    if (error == EBUSY)
        fputs(" (another server writes it)", stderr);
    if (error == EMFILE)
        fputs(" (see ulimit -n)", stderr);
    if (error == EAGAIN)
        fputs(" (no thread is left: see ulimit -u)", stderr);
}

// Prints what could not be done, and the reason in errno. For the start only:
// a running server lives on when one request fails.
static inline _Noreturn void die_starting(const struct options *options)
{
    int error = errno;
    fprintf(stderr, "%s: cannot %s: %s", options->program, process_fault(),
            strerror(error));
    die_print_hint(options, error);
    fputc('\n', stderr);
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
