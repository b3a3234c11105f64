// One client of a load, and what is counted of its requests.

#include "lab/clients/client.h"
#include "lab/load/load_private.h"
#include "lab/trouble.h"
#include "lib/base/clock.h"
#include "lib/base/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

// Waits for the connection, but not for long: while the server's backlog is
// full, connect(2) just waits.
bool load_client_connect(struct load_client *client)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)load_run.options->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = 1};
    const int on = 1;
    client->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (client->socket < 0) {
        trouble_note_errno("socket");
        return false;
    }
    setsockopt(client->socket, SOL_SOCKET, SO_SNDTIMEO, &patience,
               sizeof patience);
    setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(client->socket, (const struct sockaddr *)&address,
                sizeof address) == 0 &&
        net_set_nonblocking(client->socket) == 0) {
        load_run.result.connections++;
        return true;
    }
    // It was still waiting; EINTR: and was stopped with Ctrl-Z.
    load_run.backlog_is_full = errno == EINPROGRESS || errno == EINTR;
    if (!load_run.backlog_is_full && !client_error_is_servers(errno))
        trouble_note_errno("connect");
    close(client->socket);
    client->socket = -1;
    return false;
}

void load_client_count_error(void)
{
    load_run.result.errors++;
    histogram_add_never(&load_run.result.times, 1);
}

void load_client_give_up(struct load_client *client)
{
    client->again_at = 0;
    load_run.result.given_up++;
    histogram_add_never(&load_run.result.times, 1);
}

void load_client_disconnect(struct load_client *client)
{
    if (client->socket >= 0)
        close(client->socket);
    client->socket = -1;
    client->is_waiting = false;
}

static struct pollfd *polled_of(const struct load_client *client)
{
    return &load_run.polled[client - load_run.clients];
}

static void try_request(struct load_client *client)
{
    client->tries++;
    client->again_at = 0;
    if (client->socket < 0 && !load_client_connect(client)) {
        load_client_count_error();
        return;
    }
    load_response_begin(&client->response);
    client->is_waiting = true;
    struct slice request = buffer_slice(&load_run.requests[client->user]);
    if (send(client->socket, request.bytes, request.length, MSG_NOSIGNAL) !=
        (ssize_t)request.length) {
        load_client_count_error();
        load_client_disconnect(client);
    }
    polled_of(client)->fd = client->socket;
}

void load_client_send(struct load_client *client, int64_t moment)
{
    load_run.result.requests++;
    client->user = (client->user + 1) % load_run.options->users;
    client->sent_at = moment;
    client->tries = 0;
    try_request(client);
}

void load_client_send_again(struct load_client *client)
{
    load_run.result.retries++;
    retry_busiest_add(&load_run.result.busiest,
                      clock_nanoseconds() - load_run.started);
    try_request(client);
}

// A request that is rejected gets its time when it is accepted, or given up.
static void count_time(struct load_client *client)
{
    int64_t now = clock_nanoseconds();
    bool is_final =
        client->response.status != 503 || load_run.options->retry == RETRY_NONE;
    double wait = retry_wait(load_run.options->retry, client->tries,
                             client->response.retry_after, &load_run.random);
    if (is_final)
        histogram_add(&load_run.result.times, now - client->sent_at);
    else if (client->tries == RETRY_TRIES_MAX)
        load_client_give_up(client);
    else
        client->again_at = now + (int64_t)(wait * 1e9);
}

static void count_response(struct load_client *client)
{
    int status = client->response.status;
    count_time(client);
    load_run.result.responses++;
    if (status < 300)
        load_run.result.accepted++;
    else if (status == 503)
        load_run.result.rejected++;
    else
        load_run.result.others++;
    client->is_waiting = false;
    if (client->response.server_closes)
        load_client_disconnect(client);
}

static void take(struct load_client *client, const char *bytes, size_t length)
{
    if (!client->is_waiting)
        return;
    switch (load_response_take(&client->response, bytes, length)) {
    case LOAD_TAKE_DONE:
        count_response(client);
        break;
    case LOAD_TAKE_MORE:
        break;
    case LOAD_TAKE_WRONG:
        load_client_count_error();
        load_client_disconnect(client);
        break;
    }
}

void load_client_receive(struct load_client *client)
{
    static char bytes[256 * 1024];
    ssize_t count = recv(client->socket, bytes, sizeof bytes, 0);
    bool has_ended = count == 0 || (count < 0 && !net_would_block());
    if (count > 0) {
        load_run.moved = clock_nanoseconds();
        take(client, bytes, (size_t)count);
    } else if (count == 0 && client->is_waiting &&
               load_response_end(&client->response)) {
        count_response(client);
    } else if (has_ended && client->is_waiting) {
        load_client_count_error();
    }
    if (has_ended)
        load_client_disconnect(client);
    polled_of(client)->fd = client->socket;
}
