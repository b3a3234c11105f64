#include "lab/system_limits.h"
#include "lab/trouble.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    return limit.rlim_cur < INT_MAX ? (int)limit.rlim_cur : INT_MAX;
}

// macOS allows at most OPEN_MAX, even where the hard limit says "unlimited".
int limits_raise_descriptors(void)
{
    enum { MACOS_MAX = 10240 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 && limit.rlim_max > MACOS_MAX) {
        limit.rlim_cur = MACOS_MAX;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    return descriptors();
}

bool limits_allow_clients(int count)
{
    int allowed = limits_raise_descriptors();
    if (allowed >= count + LIMITS_OTHERS)
        return true;
    trouble_note("the lab has %d descriptors and needs %d: ulimit -n", allowed,
                 count + LIMITS_OTHERS);
    return false;
}

static void *wait_for_the_end(void *unused)
{
    for (;;)
        pause();
    return unused;
}

// In a child: starts the threads, and ends. Status 1: the system allows fewer.
// The child has all memory of the lab, which is more than a server has.
static _Noreturn void rehearse(int count, size_t stack)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int fault = pthread_attr_init(&attributes);
    if (fault == 0 && stack > 0)
        fault = pthread_attr_setstacksize(&attributes, stack);
    for (int i = 0; i < count && fault == 0; i++)
        fault = pthread_create(&thread, &attributes, wait_for_the_end, NULL);
    _exit(fault == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

// Limits of the user, of the container and of the system count threads that are
// not ours, and memory that is. So no number says how many are left.
bool limits_allow_threads(int count, size_t stack)
{
    int status = 0;
    if (count == 0)
        return true;
    pid_t child = fork();
    if (child == 0)
        rehearse(count, stack);
    if (child < 0) {
        trouble_note_errno("fork");
        return false;
    }
    if (waitpid(child, &status, 0) == child && status != 0)
        trouble_note("the system denies a server %d threads: ulimit -u, "
                     "ulimit -v",
                     count);
    return status == 0;
}

const char *limits_tmpdir(void)
{
    const char *directory = getenv("TMPDIR");
    return directory != NULL && directory[0] != '\0' ? directory : "/tmp";
}
