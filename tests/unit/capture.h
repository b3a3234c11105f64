#ifndef THAW_TESTS_UNIT_CAPTURE_H
#define THAW_TESTS_UNIT_CAPTURE_H

// capture.h - what a function prints
//
//     struct capture out;
//     capture_start(&out, stdout);
//     printf("hello\n");
//     capture_stop(&out); // out.text is "hello\n"
//
// dup2 puts a file in the place of the descriptor, so all output is captured,
// however it is written.

#include "tests/unit/unit.h"

#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

struct capture {
    FILE *stream; // what is captured: stdout or stderr
    FILE *file;   // where the output goes now
    int before;   // where it went before
    char text[64 * 1024];
};

static inline void capture_start(struct capture *capture, FILE *stream)
{
    fflush(stream);
    capture->stream = stream;
    capture->file = tmpfile();
    capture->before = dup(fileno(stream));
    ck_assert_ptr_nonnull(capture->file);
    ck_assert_int_ge(dup2(fileno(capture->file), fileno(stream)), 0);
}

// Reads what the stream has written to its descriptor so far.
static inline void capture_look(struct capture *capture)
{
    ssize_t length = pread(fileno(capture->file), capture->text,
                           sizeof capture->text - 1, 0);
    ck_assert_int_ge(length, 0);
    capture->text[length] = '\0';
}

static inline void capture_stop(struct capture *capture)
{
    fflush(capture->stream);
    capture_look(capture);
    dup2(capture->before, fileno(capture->stream));
    close(capture->before);
    fclose(capture->file);
}

#endif
