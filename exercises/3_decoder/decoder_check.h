#ifndef THAW_EXERCISES_DECODER_DECODER_CHECK_H
#define THAW_EXERCISES_DECODER_DECODER_CHECK_H

// decoder_check.h - what the files of the check of exercise 3 share
//
//     check.c         3.1 to 3.4, and the program
//     check_memory.c  3.5, and the memory that jansson uses
//     check_decode.c  calls the decoder, and looks at what came
//     check_said.c    bytes, as people and printf(1) read them
//
// They call event_decode_jansson itself, because event_decode asks the fast
// path first. All that they know is in event_jansson.h and event.h.

#include "exercises/check.h"
#include "lib/event/event_jansson.h"

enum {
    BODY_MAX = 4096, // in bytes
    UNTOUCHED = 1,   // the byte that memory has before the call
};

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])
#define MANUAL "jansson's manual, https://jansson.readthedocs.io: "

extern const char *program_by_hand; // as it is typed by hand

void step_memory(void);

// check_memory.c

void count_memory(void); // before the first call
void check_released(void);

// check_decode.c

// What came of the last call.
struct outcome {
    bool accepted;
    struct event event;
    char after_event[512]; // must stay as it is
    struct event_fault fault;
    char after_fault[64]; // the same
};

extern struct outcome outcome;

void decode_body(const char *name, struct slice bytes); // NULL: without a word
const char *what_came(void);
const char *reason_given(void);
void check_detail(void);
bool has_nul(const char *text, size_t size);
bool is_untouched(const void *bytes, size_t length);

// check_said.c

void say_where(const char *text); // to read about it

// Bytes in single quotes as printf(1) takes them: what is not printable ASCII,
// as \ooo.
const char *for_printf(struct slice bytes);

// For people: the same, but without escapes where they can do without.
const char *for_people(const char *bytes, size_t length);

#endif
