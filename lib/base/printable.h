#ifndef THAW_LIB_BASE_PRINTABLE_H
#define THAW_LIB_BASE_PRINTABLE_H

// printable.h - a client's bytes, as a terminal may show them
//
//     bob \x1b[2J \xff é   -->   bob ?[2J ? é
//
// A terminal obeys some characters instead of showing them: it clears the
// screen, or turns the other characters of the line around. Each byte of such a
// character becomes '?', and so does each byte that is not UTF-8.

#include "lib/base/slice.h"

// Writes what fits into `size` bytes, of which the last is a NUL. If not all
// fits, "..." is at the end. Returns the length in bytes; the text takes at
// most as many columns.
size_t printable(char *out, size_t size, struct slice text);

#endif
