#include "lab/experiments/events.h"

void events_send(struct run *run, struct client *clients, int count)
{
    for (int i = 0; i < count; i++)
        client_open(&clients[i], run->server.port);
    for (int i = 0; i < count; i++)
        client_post_event(&clients[i], "alice", 1);
    for (int i = 0; i < count; i++)
        run->waiting += !clients[i].ended && !client_is_connected(&clients[i]);
}

void events_count(struct run *run, const struct client *clients, int count)
{
    for (int i = 0; i < count; i++) {
        run->accepted += clients[i].status == 200 || clients[i].status == 202;
        run->rejected += clients[i].status == 503;
        if (clients[i].status != 0 && client_ms(&clients[i]) > run->slowest_ms)
            run->slowest_ms = client_ms(&clients[i]);
    }
}

void events_close(struct client *clients, int count)
{
    for (int i = 0; i < count; i++)
        client_close(&clients[i]);
}

int events_workers(const struct run *run)
{
    if (client_metric(run->server.port, "thaw_lane_jobs{lane=\"1\"}") >= 0)
        return 1;
    int workers = (int)client_metric(run->server.port, "thaw_workers");
    return workers > 0 ? workers : 0;
}
