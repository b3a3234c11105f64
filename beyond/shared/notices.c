#include "beyond/shared/notices.h"
#include "lib/base/printable.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print(const char *program, const char *what, const char *fault)
{
    char line[PRINTABLE_LINE];
    struct slice first = {fault, strcspn(fault, "\n")};
    printable(line, sizeof line, first);
    fprintf(stderr, "%s: %s: %s\n", program, what, line);
}

void notices_down(const char *program, const char *fault)
{
    print(program, "no connection to the database", fault);
}

void notices_up(const char *program)
{
    fprintf(stderr, "%s: connected to the database again\n", program);
}

void notices_failed(const char *program, const char *fault)
{
    print(program, "the database rejects a statement", fault);
}

void notices_working(const char *program, int workers, const char *schema)
{
    printf("%s: %d workers for the schema %s\n", program, workers, schema);
    fflush(stdout);
}

void notices_stopping(const char *program, int64_t busy)
{
    printf("%s stopping: %" PRId64 " workers finish what they have\n", program,
           busy);
    fflush(stdout);
}

void notices_worked(const char *program, int64_t done, int64_t failed)
{
    printf("%s stopped: events: %" PRId64 " done, %" PRId64 " failed\n",
           program, done, failed);
    fflush(stdout);
}

void notices_left(const char *program, int64_t jobs)
{
    if (jobs > 0)
        printf("%s: %" PRId64 " events wait in the database\n", program, jobs);
    else if (jobs < 0)
        printf("%s: the database does not say how many events wait\n", program);
    fflush(stdout);
}
