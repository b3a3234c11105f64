#ifndef THAW_LIB_BASE_PRINTABLE_H
#define THAW_LIB_BASE_PRINTABLE_H

// printable.h - the bytes of others, as a terminal may show them
//
//     bob \x1b[2J \xff é   -->   bob ?[2J ? é
//
// A terminal obeys some characters instead of showing them: it clears the
// screen, or turns the other characters of the line around. Others are not
// seen, and two names look the same. Each byte of such a character becomes '?',
// and so does each byte that is not UTF-8. Whatever a client, another server or
// the command line said goes through here before it is printed.

#include "lib/base/slice.h"

#include <stdio.h>

enum { PRINTABLE_WORD = 120, PRINTABLE_LINE = 1024 }; // sizes, in bytes

// Writes what fits into `size` bytes, of which the last is a NUL. If not all
// fits, "..." is at the end. Returns the length in bytes; the text takes at
// most as many columns.
size_t printable(char *out, size_t size, struct slice text);

// The same for a string. Returns `out`, to be an argument of printf.
const char *printable_text(char *out, size_t size, const char *text);

// Prints each line of the text after `indent`; a long line ends with "...".
void printable_lines(FILE *file, const char *indent, const char *text);

#endif
