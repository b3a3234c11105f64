#ifndef THAW_TESTS_FUZZ_JSON_VALIDATOR_H
#define THAW_TESTS_FUZZ_JSON_VALIDATOR_H

// json_validator.h - whether bytes are JSON, without a library
//
//     JSON-text = ws value ws
//
// Written from the grammar of RFC 8259, one function for each rule, and from
// the limits in lib/event/README.md. It builds no values, so jansson and this
// have no code in common.

#include "lib/base/slice.h"

enum json_verdict {
    JSON_VALID,
    JSON_INVALID, // by the grammar, or no Unicode: not UTF-8 (RFC
                  // 8259, 8.1), or half of a surrogate pair (8.2)
    JSON_BEYOND,  // beyond what we accept: range of a number, a duplicate key,
                  // U+0000
    JSON_BOTH,    // beyond, and then invalid; or too deep to be read to the end
};

enum { JSON_VALIDATOR_MAX = 8192 }; // in bytes, of one text

enum json_verdict json_validate(struct slice text);

#endif
