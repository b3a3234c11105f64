#ifndef THAW_LAB_LOAD_HISTOGRAM_H
#define THAW_LAB_LOAD_HISTOGRAM_H

// histogram.h - many times in little memory
//
// Each power of two has 64 equal parts, so a quantile is right to 1.6%.

#include <stdint.h>

enum { HISTOGRAM_PARTS = 64, HISTOGRAM_SIZE = 48 * HISTOGRAM_PARTS };

struct histogram {
    uint64_t counts[HISTOGRAM_SIZE];
    uint64_t total; // those that never came, too
    uint64_t never;
    int64_t max; // of those that came
};

void histogram_add(struct histogram *histogram, int64_t value);

// What never came is longer than any time.
void histogram_add_never(struct histogram *histogram, uint64_t count);

// The value that this part of all values does not exceed: 0.5 gives the median.
// 0 if nothing was added; HISTOGRAM_NEVER if fewer than this part came.
#define HISTOGRAM_NEVER INT64_MAX
int64_t histogram_quantile(const struct histogram *histogram, double part);

#endif
