#ifndef THAW_TESTS_UNIT_PROBE_H
#define THAW_TESTS_UNIT_PROBE_H

// probe.h - a descriptor in a loop that counts the calls of its callback
//
//     loop --> probe.descriptor <--> probe.peer <-- the test
//
// The callback reads nothing, so a descriptor that is readable stays readable.

#include "tests/unit/iterations.h"

#include <sys/resource.h>
#include <sys/socket.h>

struct probe {
    int descriptor;
    int peer;
    short wants;        // what the callback returns
    short revents;      // of the last call
    int calls;          // so far
    int deadlines;      // how many of those calls had revents 0
    void (*then)(void); // the callback calls this too; or NULL
};

static inline short probe_call(void *context, short revents)
{
    struct probe *probe = context;
    probe->calls++;
    probe->revents = revents;
    if (revents == 0)
        probe->deadlines++;
    if (probe->then != NULL)
        probe->then();
    return probe->wants;
}

// Registers a new descriptor. The call at registration is not counted.
static inline void probe_open(struct probe *probe, struct loop *loop,
                              short wants)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    *probe =
        (struct probe){.descriptor = ends[0], .peer = ends[1], .wants = wants};
    ck_assert_int_eq(loop_register(loop, ends[0], probe_call, probe), 0);
    probe->calls = 0;
}

// Registers another descriptor of the same end, which is ready whenever the
// first one is. The call at registration is counted.
static inline void probe_open_copy(struct probe *probe, struct loop *loop,
                                   const struct probe *of)
{
    int descriptor = dup(of->descriptor);
    ck_assert_int_ge(descriptor, 0);
    *probe = (struct probe){.descriptor = descriptor, .wants = POLLIN};
    ck_assert_int_eq(loop_register(loop, descriptor, probe_call, probe), 0);
}

// Returns how many descriptors the process may have now: `wanted`, or fewer
// where the system allows fewer.
static inline int probe_raise_limit(int wanted)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur =
        (rlim_t)wanted < limit.rlim_max ? (rlim_t)wanted : limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return (int)limit.rlim_cur;
}

static inline void probe_send_byte(const struct probe *probe)
{
    ck_assert_int_eq(send(probe->peer, "!", 1, 0), 1);
}

#endif
