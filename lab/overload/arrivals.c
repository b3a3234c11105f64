#include "lab/overload/arrivals.h"
#include "lab/random.h"

#include <math.h>
#include <stdint.h>

// Of a Poisson process of which it is known how many arrivals it has in a time,
// the gaps are still exponential, and their sum is that time.
void arrivals_make(double *moments, int count, double seconds)
{
    uint64_t state = 20130817;
    double at = 0;
    for (int i = 0; i < count; i++) {
        at -= log(random_part(&state));
        moments[i] = at;
    }
    at -= log(random_part(&state)); // after the last one
    for (int i = 0; i < count; i++)
        moments[i] *= seconds / at;
}
