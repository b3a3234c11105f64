// bench_drain - how fast workers empty full channels
//
//     bench_drain [ROUNDS [JOBS]]
//
// Each round measures every server with each number of workers, and begins with
// another one. Prints JSON: what each round took.

#include "lib/base/clock.h"
#include "tests/bench/drain.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { USERS = 40, SETTLE_MS = 5 };

static const struct {
    const struct drain *drain;
    int workers;
} subjects[] = {
    {&drain_pool, 1},  {&drain_pool, 4},  {&drain_pool, 16}, {&drain_pool, 64},
    {&drain_lanes, 1}, {&drain_lanes, 2}, {&drain_lanes, 4},
};

enum { SUBJECTS = sizeof subjects / sizeof subjects[0] };

void drain_job(struct job *job, int user)
{
    *job = (struct job){.event = {.action = "buy", .amount = 1},
                        .since = clock_nanoseconds()};
    snprintf(job->event.user, sizeof job->event.user, "user%d", user);
}

int64_t drain_begin(void)
{
    poll(NULL, 0, SETTLE_MS); // the threads come to where they are held
    return clock_nanoseconds();
}

static void measure(int round, int subject, int jobs, bool is_whole)
{
    static const char *separator = "";
    const struct drain *drain = subjects[subject].drain;
    int64_t nanoseconds =
        drain->run(subjects[subject].workers, jobs, USERS, is_whole);
    if (nanoseconds < 0) {
        perror("bench_drain");
        exit(EXIT_FAILURE);
    }
    printf("%s\n{\"experiment\": \"drain\", \"round\": %d, \"server\": \"%s\", "
           "\"workers\": %d, \"whole\": %s, \"jobs\": %d, \"ns\": %" PRId64 "}",
           separator, round, drain->name, subjects[subject].workers,
           is_whole ? "true" : "false", jobs, nanoseconds);
    separator = ",";
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 15;
    int jobs = argc > 2 ? atoi(argv[2]) : 200000;
    if (rounds < 1 || jobs < 1) {
        fprintf(stderr, "usage: bench_drain [ROUNDS [JOBS]]\n");
        return 2;
    }
    printf("[");
    for (int round = 0; round < rounds; round++)
        for (int next = 0; next < SUBJECTS; next++) {
            measure(round, (round + next) % SUBJECTS, jobs, false);
            measure(round, (round + next) % SUBJECTS, jobs, true);
        }
    printf("\n]\n");
}
