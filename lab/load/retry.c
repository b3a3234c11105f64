#include "lab/load/retry.h"
#include "lab/random.h"

#include <string.h>

bool retry_find(const char *name, enum retry *retry)
{
    static const char *const names[] = {"none", "fixed", "jitter"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) {
            *retry = (enum retry)i;
            return true;
        }
    return false;
}

double retry_wait(enum retry retry, int tries, int after, uint64_t *random)
{
    double seconds = after >= 0 ? after : 1;
    if (retry == RETRY_JITTER)
        for (int i = 1; i < tries && seconds < RETRY_SECONDS_MAX; i++)
            seconds *= 2;
    if (seconds > RETRY_SECONDS_MAX)
        seconds = RETRY_SECONDS_MAX;
    return retry == RETRY_JITTER ? seconds * random_part(random) : seconds;
}

void retry_busiest_add(struct retry_busiest *busiest, int64_t at)
{
    enum { SLOT_NS = 10000000 };
    int64_t slot = at / SLOT_NS;
    int64_t sum = 0;
    if (slot - busiest->slot >= RETRY_BUSIEST_SLOTS)
        memset(busiest->counts, 0, sizeof busiest->counts);
    else
        while (busiest->slot < slot)
            busiest->counts[++busiest->slot % RETRY_BUSIEST_SLOTS] = 0;
    busiest->slot = slot;
    busiest->counts[slot % RETRY_BUSIEST_SLOTS]++;
    for (int i = 0; i < RETRY_BUSIEST_SLOTS; i++)
        sum += busiest->counts[i];
    if (sum > busiest->most)
        busiest->most = sum;
}
