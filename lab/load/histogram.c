#include "lab/load/histogram.h"

// Values below PARTS have a place each. Above, the highest six bits behind the
// leading one choose the part, and the number of bits left of them the octave.
static int place(int64_t value)
{
    int shift = 0;
    while (value >> shift >> 1 >= HISTOGRAM_PARTS)
        shift++;
    int found = shift * HISTOGRAM_PARTS + (int)(value >> shift);
    return found < HISTOGRAM_SIZE ? found : HISTOGRAM_SIZE - 1;
}

// The largest value of a place.
static int64_t upper_end(int place)
{
    int shift = place / HISTOGRAM_PARTS - 1;
    if (shift < 1)
        return place;
    int64_t first = place - (int64_t)shift * HISTOGRAM_PARTS;
    return ((first + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, int64_t value)
{
    if (value < 0)
        value = 0;
    histogram->counts[place(value)]++;
    histogram->total++;
    if (value > histogram->max)
        histogram->max = value;
}

int64_t histogram_quantile(const struct histogram *histogram, double part)
{
    uint64_t wanted = (uint64_t)(part * (double)histogram->total);
    uint64_t seen = 0;
    for (int i = 0; i < HISTOGRAM_SIZE; i++) {
        seen += histogram->counts[i];
        if (seen > 0 && seen >= wanted)
            return upper_end(i) < histogram->max ? upper_end(i)
                                                 : histogram->max;
    }
    return histogram->max;
}
