#include "lab/load/histogram.h"

// Each value below PARTS has a bucket of its own. Of a larger value, the number
// of bits chooses the power of two, and the six bits after the highest one
// choose the part of it.
static int bucket(int64_t value)
{
    int shift = 0;
    while (value >> shift >> 1 >= HISTOGRAM_PARTS)
        shift++;
    int found = shift * HISTOGRAM_PARTS + (int)(value >> shift);
    return found < HISTOGRAM_SIZE ? found : HISTOGRAM_SIZE - 1;
}

// The largest value in a bucket.
static int64_t upper_end(int bucket)
{
    int shift = bucket / HISTOGRAM_PARTS - 1;
    if (shift < 1)
        return bucket;
    int64_t first = bucket - (int64_t)shift * HISTOGRAM_PARTS;
    return ((first + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, int64_t value)
{
    if (value < 0)
        value = 0;
    histogram->counts[bucket(value)]++;
    histogram->total++;
    if (value > histogram->max)
        histogram->max = value;
}

void histogram_add_never(struct histogram *histogram, uint64_t count)
{
    histogram->total += count;
    histogram->never += count;
}

int64_t histogram_quantile(const struct histogram *histogram, double part)
{
    double rank = part * (double)histogram->total;
    uint64_t wanted = (uint64_t)rank;
    if ((double)wanted < rank)
        wanted++;
    uint64_t seen = 0;
    for (int i = 0; i < HISTOGRAM_SIZE; i++) {
        seen += histogram->counts[i];
        if (seen > 0 && seen >= wanted)
            return upper_end(i) < histogram->max ? upper_end(i)
                                                 : histogram->max;
    }
    return histogram->never > 0 ? HISTOGRAM_NEVER : histogram->max;
}
