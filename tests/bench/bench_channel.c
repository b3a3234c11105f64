// bench_channel - a channel alone: one sender, and one or four receivers
//
//     bench_channel [ROUNDS [JOBS]]
//
// Each round measures every subject, and begins with another one. A receiver
// does nothing with its jobs. The sender sends as fast as it can, so that the
// channel is full most of the time; or it does something else between two jobs,
// as a loop does, so that the receivers wait. Prints JSON: what each round
// took.

#include "lib/base/clock.h"
#include "tests/bench/subjects.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    CAPACITY = 1024,  // in jobs
    LOOP_PACE = 4000, // in nanoseconds, between two jobs: about a request
    SLOWER = 10,      // at that pace, this many times fewer jobs
    RECEIVERS_MAX = 4,
    SMALL_JOB = 8, // in bytes
};

static const struct subject *subject;
static int64_t received[RECEIVERS_MAX];
static const char *separator = "";

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static int64_t cpu_nanoseconds(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

static void *receive_all(void *argument)
{
    int64_t *count = argument;
    int64_t found = 0;
    struct event job;
    while (subject->receive(&job))
        found++;
    *count = found;
    return NULL;
}

static void wait_until(int64_t moment)
{
    while (clock_nanoseconds() < moment)
        ;
}

static void send_all(int64_t jobs, int64_t pace)
{
    static const struct event job = {"alice", "buy", 100};
    for (int64_t i = 0; i < jobs; i++) {
        if (pace > 0)
            wait_until(clock_nanoseconds() + pace);
        while (subject->try_send(&job) == CHANNEL_FULL)
            sched_yield();
    }
}

static void transfer(int receivers, int64_t pace, int64_t jobs)
{
    pthread_t threads[RECEIVERS_MAX];
    int64_t all = 0;
    for (int i = 0; i < receivers; i++)
        if (pthread_create(&threads[i], NULL, receive_all, &received[i]) != 0)
            fail("bench_channel: thread");
    send_all(jobs, pace);
    subject->close(receivers);
    for (int i = 0; i < receivers; i++) {
        pthread_join(threads[i], NULL);
        all += received[i];
    }
    if (all != jobs) {
        fprintf(stderr, "bench_channel: %s lost jobs\n", subject->name);
        exit(EXIT_FAILURE);
    }
}

static void print_record(int round, const char *name, int receivers,
                         int64_t pace, size_t job_size, int64_t jobs,
                         int64_t nanoseconds, int64_t cpu)
{
    printf("%s\n{\"experiment\": \"channel\", \"round\": %d, \"server\": "
           "\"%s\", \"receivers\": %d, \"pace_ns\": %" PRId64
           ", \"job_size\": %zu, "
           "\"jobs\": %" PRId64 ", \"ns\": %" PRId64 ", \"cpu_ns\": %" PRId64
           "}",
           separator, round, name, receivers, pace, job_size, jobs, nanoseconds,
           cpu);
    separator = ",";
}

static void measure(int round, int receivers, int64_t pace, int64_t jobs)
{
    if (subject->open(CAPACITY) < 0)
        fail("bench_channel: open");
    int64_t cpu = cpu_nanoseconds();
    int64_t start = clock_nanoseconds();
    transfer(receivers, pace, jobs);
    int64_t nanoseconds = clock_nanoseconds() - start;
    print_record(round, subject->name, receivers, pace, sizeof(struct event),
                 jobs, nanoseconds, cpu_nanoseconds() - cpu);
    subject->destroy();
}

// One thread sends each job to itself, without any receiver.
static void measure_alone(int round, size_t job_size, int64_t jobs)
{
    struct channel channel;
    struct event job = {"alice", "buy", 100};
    if (channel_init(&channel, CAPACITY, job_size) < 0)
        fail("bench_channel: channel");
    int64_t cpu = cpu_nanoseconds();
    int64_t start = clock_nanoseconds();
    for (int64_t i = 0; i < jobs; i++) {
        channel_try_send(&channel, &job);
        channel_receive(&channel, &job);
    }
    int64_t nanoseconds = clock_nanoseconds() - start;
    print_record(round, "channel", 0, 0, job_size, jobs, nanoseconds,
                 cpu_nanoseconds() - cpu);
    channel_destroy(&channel);
}

int main(int argc, char **argv)
{
    static const int receivers[] = {1, RECEIVERS_MAX};
    static const int64_t paces[] = {0, LOOP_PACE};
    int rounds = argc > 1 ? atoi(argv[1]) : 15;
    int64_t jobs = argc > 2 ? atoll(argv[2]) : 500000;
    if (rounds < 1 || jobs < SLOWER) {
        fprintf(stderr, "usage: bench_channel [ROUNDS [JOBS]]: from %d jobs\n",
                SLOWER);
        return 2;
    }
    int count = 0;
    while (subjects[count].name != NULL)
        count++;
    printf("[");
    for (int round = 0; round < rounds; round++) {
        for (int way = 0; way < 4; way++)
            for (int next = 0; next < count; next++) {
                subject = &subjects[(round + next) % count];
                int64_t pace = paces[way % 2];
                measure(round, receivers[way / 2], pace,
                        pace > 0 ? jobs / SLOWER : jobs);
            }
        measure_alone(round, SMALL_JOB, jobs);
        measure_alone(round, sizeof(struct event), jobs);
    }
    printf("\n]\n");
}
