// Time passes when a script says so
//
// These functions replace the system's: deadlines come without waiting, and
// every response has the same date.

#include "tests/fuzz/fake_time.h"

#include <time.h>

static time_t seconds = 1000; // since some fixed moment

void fake_time_pass(int count)
{
    seconds += count;
}

// NOLINTBEGIN(readability-inconsistent-*): the system's names are reserved
int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_MONOTONIC) // the fuzzer's own clock goes on
        return timespec_get(now, TIME_UTC) == TIME_UTC ? 0 : -1;
    *now = (struct timespec){.tv_sec = seconds};
    return 0;
}

time_t time(time_t *now)
{
    static const time_t date = 784111777; // as in RFC 9110, 5.6.7
    if (now != NULL)
        *now = date;
    return date;
}
// NOLINTEND(readability-inconsistent-*)
