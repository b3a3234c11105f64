#ifndef THAW_TESTS_UNIT_GATE_H
#define THAW_TESTS_UNIT_GATE_H

// gate.h - a gate that opens when so many threads have come to it
//
//     gate_init(&all_here, 4);
//     ... and in each of four threads: gate_pass(&all_here);
//
// A thread that has passed the gate knows that all others have come as far. The
// gate opens once. (POSIX calls this a barrier; macOS has none.)

#include <pthread.h>

struct gate {
    pthread_mutex_t mutex; // guards arrived
    pthread_cond_t opened;
    int expected;
    int arrived;
};

static inline void gate_init(struct gate *gate, int expected)
{
    pthread_mutex_init(&gate->mutex, NULL);
    pthread_cond_init(&gate->opened, NULL);
    gate->expected = expected;
    gate->arrived = 0;
}

static inline void gate_pass(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->arrived++;
    if (gate->arrived >= gate->expected)
        pthread_cond_broadcast(&gate->opened);
    while (gate->arrived < gate->expected)
        pthread_cond_wait(&gate->opened, &gate->mutex);
    pthread_mutex_unlock(&gate->mutex);
}

#endif
