#ifndef THAW_TESTS_EXERCISES_KQUEUE_SYS_EVENT_H
#define THAW_TESTS_EXERCISES_KQUEUE_SYS_EVENT_H

// sys/event.h - stand-ins for what macOS and the BSDs declare (kqueue(2)), so
// that a backend for them can be compiled elsewhere. There is nothing behind
// it.

#include <stdint.h>
#include <time.h>

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_EOF 0x8000

struct kevent {
    uintptr_t ident;
    int16_t filter;
    uint16_t flags;
    uint32_t fflags;
    intptr_t data;
    void *udata;
};

#define EV_SET(event, id, which, action, more, number, context)                \
    (*(event) = (struct kevent){(id), (which), (action), (more), (number),     \
                                (context)})

int kqueue(void);
int kevent(int kqueue, const struct kevent *changes, int changes_count,
           struct kevent *events, int events_max, const struct timespec *limit);

#endif
