// bench_decode - how long a client can keep the decoder busy with one body
//
//     bench_decode [ROUNDS]
//
// Prints what the largest bodies of some shapes take: the median, in
// milliseconds of processor time. Exits with 1 if a shape takes four times as
// long as one long string, which takes as long as its bytes are read.

#include "lib/base/buffer.h"
#include "lib/event/event.h"
#include "lib/http/http_limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS_MAX = 1000, RATIO_MAX = 4 };

// The event, and then `count` keys, or so many as fit. "%d" in a start is a
// number, and after it the filler comes `times` times.
static const struct shape {
    const char *name;
    const char *start, *filler, *end;
    int count, times;
} shapes[] = {
    {"one string", ",\"%d\":\"", "x", "\"", 1, 1048400},
    {"one string of three bytes each", ",\"%d\":\"", "\u65e5", "\"", 1, 349400},
    {"9,990 keys of ASCII", ",\"%d", "k", "\":1", 9990, 94},
    {"9,990 keys of three bytes each", ",\"%d", "\u65e5", "\":1", 9990, 31},
    {"9,990 keys with escapes", ",\"%d", "\\u65e5", "\":1", 9990, 15},
    {"9,990 strings", ",\"%d\":\"", "\u65e5", "\"", 9990, 31},
    {"9,990 fractions", ",\"%d\":0.", "7", "", 9990, 93},
    {"4,990 keys with objects", ",\"%d", "\u65e5", "\":{}", 4990, 66},
    {"arrays in each other", ",\"%d\":", "[", "1", 9990, 45},
    {"objects in each other", ",\"%d\":", "{\"\":", "1", 9990, 16},
};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static const char *closing(const char *filler)
{
    return filler[0] == '[' ? "]" : filler[0] == '{' ? "}" : "";
}

static void make(struct buffer *body, const struct shape *shape)
{
    buffer_clear(body);
    buffer_add_text(body, "{\"user\":\"a\",\"action\":\"b\",\"amount\":1");
    for (int i = 0; i < shape->count; i++) {
        char start[32];
        snprintf(start, sizeof start, shape->start, i);
        buffer_add_text(body, start);
        for (int times = 0; times < shape->times; times++)
            buffer_add_text(body, shape->filler);
        buffer_add_text(body, shape->end);
        for (int times = 0; times < shape->times; times++)
            buffer_add_text(body, closing(shape->filler));
    }
    buffer_add_text(body, "}");
    if (body->failed || body->length > (size_t)http_limits_default.body_max) {
        fprintf(stderr, "bench_decode: %s: beyond the limit\n", shape->name);
        exit(EXIT_FAILURE);
    }
}

static int compare(const void *left, const void *right)
{
    clock_t one = *(const clock_t *)left;
    clock_t two = *(const clock_t *)right;
    return (one > two) - (one < two);
}

// The median, in milliseconds. *accepted says whether it was an event.
static double measure(struct slice body, int rounds, bool *accepted)
{
    clock_t times[ROUNDS_MAX];
    struct event event;
    struct event_fault fault;
    for (int i = 0; i < rounds; i++) {
        clock_t start = clock();
        *accepted = event_decode(body, &event, &fault);
        times[i] = clock() - start;
    }
    qsort(times, (size_t)rounds, sizeof times[0], compare);
    clock_t median = times[rounds / 2];
    return (double)median * 1e3 / CLOCKS_PER_SEC;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 41;
    struct buffer body = {0};
    double first_ms = 0;
    int status = EXIT_SUCCESS;
    if (rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: bench_decode [ROUNDS]: 1 to %d\n", ROUNDS_MAX);
        return 2;
    }
    for (int i = 0; i < SHAPES; i++) {
        bool accepted;
        make(&body, &shapes[i]);
        double ms = measure(buffer_slice(&body), rounds, &accepted);
        printf("%-32s %7zu bytes  %6.2f ms  %s\n", shapes[i].name, body.length,
               ms, accepted ? "accepted" : "rejected");
        first_ms = i == 0 ? ms : first_ms;
        if (ms > RATIO_MAX * first_ms)
            status = EXIT_FAILURE;
    }
    buffer_destroy(&body);
    return status;
}
