#ifndef THAW_TESTS_FUZZ_FUZZ_H
#define THAW_TESTS_FUZZ_FUZZ_H

// fuzz.h - what a fuzzer is, and how an input chooses more than its bytes
//
//     [ 0x01 limits cut step | the bytes that are fuzzed . . . ]
//      <------ or not ------>
//
// * libFuzzer, or replay.c, calls LLVMFuzzerTestOneInput again and again in one
//   process. A fault ends the process.
// * An input may begin with choices. Most do not, so that a request from a file
//   is an input as it is.

#include "lib/base/slice.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct choices {
    size_t limits; // which row of the fuzzer's table
    size_t cut;    // where to cut the bytes in two
    size_t step;   // how many bytes come at a time otherwise
};

// Takes the choices off the front.
static inline struct choices take_choices(struct slice *input)
{
    const unsigned char *byte = (const unsigned char *)input->bytes;
    struct choices choices = {.cut = input->length / 2,
                              .step = 1 + input->length / 64};
    if (input->length < 4 || byte[0] != 0x01)
        return choices;
    choices.limits = byte[1];
    choices.cut = byte[2];
    choices.step = 1 + byte[3] % 64;
    *input = slice_after(*input, 4);
    return choices;
}

#endif
