#ifndef THAW_LAB_SERVERS_OUTPUT_H
#define THAW_LAB_SERVERS_OUTPUT_H

// output.h - what a server prints, read all the time by a thread
//
// A server that prints more than a pipe holds would block, and look frozen. Of
// too much output, only the end stays. Who wants to know when a line came has
// `on_line`, which is called for each on that thread.

#include "lib/base/slice.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { OUTPUT_SIZE = 16 * 1024 };

typedef void output_on_line(struct slice line);

struct output {
    int descriptor; // the read end of the pipe
    int wake[2];    // a pipe; a byte in it ends the thread
    bool is_read;   // the thread runs
    pthread_t thread;
    pthread_mutex_t mutex; // guards the text, while the thread runs
    size_t length;
    char text[OUTPUT_SIZE];  // ends with NUL
    output_on_line *on_line; // or NULL
    size_t line;             // in `text`: the start of the last line
};

// Owns the descriptor from now on. Returns -1 and notes the trouble.
int output_start(struct output *output, int descriptor,
                 output_on_line *on_line);

// Reads what is still there, and closes the descriptor. From now on the
// server's writes fail, and `text` may be read without a lock.
void output_stop(struct output *output);

// A copy of the text so far. output_contains waits until these words are in it.
void output_copy(struct output *output, char text[OUTPUT_SIZE]);
bool output_contains(struct output *output, const char *words,
                     int milliseconds);

#endif
