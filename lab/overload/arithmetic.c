#include "lab/overload/arithmetic.h"

#include <assert.h>
#include <stdbool.h>

static int first_free(const double *free_at, int workers)
{
    int first = 0;
    for (int i = 1; i < workers; i++)
        if (free_at[i] < free_at[first])
            first = i;
    return first;
}

// Those before `begun` have begun by now. They begin in order.
static int next_begun(const struct arithmetic *arithmetic, const double *done,
                      int begun, int i, double now)
{
    while (begun < i &&
           (done[begun] < 0 || done[begun] - arithmetic->work <= now))
        begun++;
    return begun;
}

int arithmetic_done(const struct arithmetic *arithmetic, const double *arrivals,
                    int count, double *done)
{
    double free_at[ARITHMETIC_WORKERS_MAX] = {0};
    int begun = 0;
    int waiting = 0; // of those from `begun` on
    int accepted = 0;
    assert(arithmetic->workers <= ARITHMETIC_WORKERS_MAX);
    for (int i = 0; i < count; i++) {
        int before = begun;
        begun = next_begun(arithmetic, done, begun, i, arrivals[i]);
        for (; before < begun; before++)
            waiting -= done[before] >= 0;
        done[i] = -1;
        if (arithmetic->capacity > 0 && waiting >= arithmetic->capacity)
            continue;
        int worker = first_free(free_at, arithmetic->workers);
        double begin =
            arrivals[i] > free_at[worker] ? arrivals[i] : free_at[worker];
        done[i] = free_at[worker] = begin + arithmetic->work;
        waiting++;
        accepted++;
    }
    return accepted;
}
