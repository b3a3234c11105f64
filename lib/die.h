#ifndef THAW_LIB_DIE_H
#define THAW_LIB_DIE_H

// die.h - for main.c alone: modules never print and never exit

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

// Says what could not be done, and why: errno. Only while starting: later, one
// request fails and the server lives.
static inline _Noreturn void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

#endif
