#include "lib/base/trace.h"
#include "lib/base/clock.h"
#include "lib/base/net.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

bool trace_is_on;

static FILE *file;

// Threads are numbered in the order of their first event.
static int lane(void)
{
    static atomic_int count;
    static _Thread_local int number;
    if (number == 0)
        number = ++count;
    return number;
}

static double microseconds(int64_t nanoseconds)
{
    return (double)nanoseconds / 1e3;
}

// Each event is one fprintf, so that events of two threads do not mix.
static void write_names(const char *program)
{
    fprintf(file,
            "[\n{\"name\": \"process_name\", \"ph\": \"M\", \"pid\": 1, "
            "\"tid\": %d, \"args\": {\"name\": \"%s\"}}",
            lane(), program);
    fprintf(file,
            ",\n{\"name\": \"thread_name\", \"ph\": \"M\", \"pid\": 1, "
            "\"tid\": %d, \"args\": {\"name\": \"main\"}}",
            lane());
}

static void close_trace(void)
{
    fprintf(file, "\n]\n");
    fclose(file);
}

int trace_open(const char *path, const char *program)
{
    if (path == NULL)
        return 0;
    file = fopen(path, "w");
    if (file == NULL || net_set_close_on_exec(fileno(file)) < 0 ||
        atexit(close_trace) != 0)
        return -1;
    // The trace of a server that is killed has all lines up to then.
    setvbuf(file, NULL, _IOLBF, 0);
    write_names(program);
    trace_is_on = true;
    return 0;
}

void trace_write_instant(const char *name, int64_t id)
{
    fprintf(file,
            ",\n{\"name\": \"%s\", \"ph\": \"i\", \"s\": \"t\", \"ts\": %.1f, "
            "\"pid\": 1, \"tid\": %d, \"args\": {\"id\": %" PRId64 "}}",
            name, microseconds(clock_nanoseconds()), lane(), id);
}

void trace_write_span(const char *name, int64_t start)
{
    fprintf(file,
            ",\n{\"name\": \"%s\", \"ph\": \"X\", \"ts\": %.1f, "
            "\"dur\": %.1f, \"pid\": 1, \"tid\": %d}",
            name, microseconds(start),
            microseconds(clock_nanoseconds() - start), lane());
}

void trace_write_count(const char *name, int64_t count)
{
    fprintf(file,
            ",\n{\"name\": \"%s\", \"ph\": \"C\", \"ts\": %.1f, \"pid\": 1, "
            "\"tid\": %d, \"args\": {\"count\": %" PRId64 "}}",
            name, microseconds(clock_nanoseconds()), lane(), count);
}
