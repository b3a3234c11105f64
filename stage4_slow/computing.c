#include "stage4_slow/computing.h"
#include "lib/base/clock.h"

enum { PASSES = 5 };
enum { PASS_NANOSECONDS = 4000000 };
enum { FIRST_STEPS = 10000 };

// POSIX leaves this clock out where threads have none (its option TCT). There
// the time counts, also while other programs run.
static int64_t cpu_nanoseconds(void)
{
#ifdef CLOCK_THREAD_CPUTIME_ID
    struct timespec used;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0)
        return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
#endif
    return clock_nanoseconds();
}

// Each step needs the result of the one before it (xorshift). The result goes
// where the compiler must write it, so it cannot leave the steps out.
void computing_run(int64_t steps)
{
    uint64_t number = 1;
    while (steps-- > 0) {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
    }
    volatile uint64_t result = number;
    (void)result;
}

static int64_t time_of(int64_t steps)
{
    int64_t start = cpu_nanoseconds();
    computing_run(steps);
    return cpu_nanoseconds() - start;
}

// The fastest pass counts: what disturbs one makes it slower, as a processor
// does that is still in its power-saving mode.
int64_t computing_steps_per_ms(void)
{
    int64_t steps = FIRST_STEPS;
    int64_t fastest = time_of(steps);
    while (fastest < PASS_NANOSECONDS) {
        steps *= 2;
        fastest = time_of(steps);
    }
    for (int i = 1; i < PASSES; i++) {
        int64_t taken = time_of(steps);
        fastest = taken < fastest ? taken : fastest;
    }
    return steps * 1000000 / fastest;
}
