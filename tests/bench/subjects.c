#include "tests/bench/subjects.h"

#ifdef THAW_GLIB
#include <glib.h>
#endif

static struct channel channel;

static int channel_open(size_t capacity)
{
    return channel_init(&channel, capacity, sizeof(struct event));
}

static enum channel_send channel_put(const struct event *job)
{
    return channel_try_send(&channel, job);
}

static bool channel_take(struct event *job)
{
    return channel_receive(&channel, job);
}

static void channel_end(int receivers)
{
    (void)receivers;
    channel_close(&channel);
}

static void channel_free(void)
{
    channel_destroy(&channel);
}

#ifdef THAW_GLIB
// A GAsyncQueue carries pointers and has no bound. To its advantage, all
// pointers point to one job, so that nothing is allocated; the receiver copies
// it.
static GAsyncQueue *queue;
static struct event same_job;
static struct event no_job; // tells a receiver to end

static int glib_open(size_t capacity)
{
    (void)capacity;
    queue = g_async_queue_new();
    return 0;
}

static enum channel_send glib_put(const struct event *job)
{
    (void)job;
    g_async_queue_push(queue, &same_job);
    return CHANNEL_SENT;
}

static bool glib_take(struct event *job)
{
    const struct event *taken = g_async_queue_pop(queue);
    *job = *taken;
    return taken != &no_job;
}

static void glib_end(int receivers)
{
    for (int i = 0; i < receivers; i++)
        g_async_queue_push(queue, &no_job);
}

static void glib_free(void)
{
    g_async_queue_unref(queue);
}
#endif

const struct subject subjects[] = {
    {"channel", channel_open, channel_put, channel_take, channel_end,
     channel_free},
#ifdef THAW_GLIB
    {"GAsyncQueue", glib_open, glib_put, glib_take, glib_end, glib_free},
#endif
    {NULL, NULL, NULL, NULL, NULL, NULL},
};
