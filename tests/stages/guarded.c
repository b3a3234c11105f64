// guarded.c - linked into a server, it sees what happens without the mutex
//
// Two threads that change a balance at the same time lose one change in a
// million, so a test of the sums hardly ever fails. Here each call of the store
// is reported unless its thread holds a mutex, and so is work under one. The
// linker puts these functions in the place of the others (--wrap).

#include "lib/store/store.h"
#include "stage4_slow/simulated_work.h"

#include <pthread.h>
#include <stdio.h>

static _Thread_local int held; // mutexes, by this thread

// The linker calls the function itself __real_X, and ours __wrap_X.
// NOLINTBEGIN(bugprone-reserved-identifier): ld(1) chose them
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    int result = __real_pthread_mutex_lock(mutex);
    held++;
    return result;
}

int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    held--;
    return __real_pthread_mutex_unlock(mutex);
}

// The test reads these lines.
static void note(bool is_wrong, const char *what)
{
    if (is_wrong)
        fprintf(stderr, "guarded: %s\n", what);
}

enum store_result __real_store_add(struct store *store, const char *name,
                                   int64_t amount, int64_t *balance);
enum store_result __wrap_store_add(struct store *store, const char *name,
                                   int64_t amount, int64_t *balance);
enum store_result __wrap_store_add(struct store *store, const char *name,
                                   int64_t amount, int64_t *balance)
{
    note(held == 0, "a balance is changed without the mutex");
    return __real_store_add(store, name, amount, balance);
}

bool __real_store_get(const struct store *store, const char *name,
                      int64_t *balance);
bool __wrap_store_get(const struct store *store, const char *name,
                      int64_t *balance);
bool __wrap_store_get(const struct store *store, const char *name,
                      int64_t *balance)
{
    note(held == 0, "a balance is read without the mutex");
    return __real_store_get(store, name, balance);
}

void __real_store_write(const struct store *store, struct buffer *out);
void __wrap_store_write(const struct store *store, struct buffer *out);
void __wrap_store_write(const struct store *store, struct buffer *out)
{
    note(held == 0, "all balances are read without the mutex");
    __real_store_write(store, out);
}

void __real_simulated_work_run(const struct simulated_work *work,
                               int64_t since);
void __wrap_simulated_work_run(const struct simulated_work *work,
                               int64_t since);
void __wrap_simulated_work_run(const struct simulated_work *work, int64_t since)
{
    note(held > 0, "the work is done under the mutex");
    __real_simulated_work_run(work, since);
}
// NOLINTEND(bugprone-reserved-identifier)
