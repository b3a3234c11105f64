#ifndef THAW_LIB_BASE_UTF8_H
#define THAW_LIB_BASE_UTF8_H

// utf8.h - characters of one to four bytes, as RFC 3629 has them

#include "lib/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

// The bytes of the first character of a text that is not empty, or 0 if they
// are not UTF-8.
size_t utf8_decode(struct slice text, uint32_t *character);

bool utf8_is_valid(struct slice text);

#endif
