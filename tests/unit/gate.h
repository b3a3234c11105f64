#ifndef THAW_TESTS_UNIT_GATE_H
#define THAW_TESTS_UNIT_GATE_H

// gate.h - opens when so many threads stand before it
//
//     gate_init(&all_here, 4);
//     ... and in each of four threads: gate_pass(&all_here);
//
// Who passed it knows that the others have come at least as far. It opens
// once. (POSIX calls this a barrier; macOS has none.)

#include <pthread.h>

struct gate {
    pthread_mutex_t mutex; // guards arrived
    pthread_cond_t opened;
    int expected;
    int arrived;
};

static inline void gate_init(struct gate *gate, int expected)
{
    *gate = (struct gate){.mutex = PTHREAD_MUTEX_INITIALIZER,
                          .opened = PTHREAD_COND_INITIALIZER,
                          .expected = expected};
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
