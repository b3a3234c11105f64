#ifndef THAW_TESTS_UNIT_CAPTURE_H
#define THAW_TESTS_UNIT_CAPTURE_H

// capture.h - what a function prints
//
//     struct capture out;
//     capture_start(&out, stdout);
//     printf("hello\n");
//     capture_stop(&out); // out.text is "hello\n"
//
// The descriptor is turned to a file and back, so that whatever writes to it,
// in whatever way, is seen.

#include "tests/unit/unit.h"

#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

struct capture {
    FILE *stream; // what is captured: stdout or stderr
    FILE *file;   // where it goes meanwhile
    int before;   // the descriptor where it went before
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

// Reads what has left the stream's own buffer so far.
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
