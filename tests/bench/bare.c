// bare - the least that a server can do for a request
//
//     bare epoll|poll PORT LENGTH STATUS TYPE BODY [close]
//
// The ceiling for the others. It does not look at what it receives: every
// LENGTH bytes are a request, and all get the same response, which is written
// once a second. One recv and one send serve all requests that came. It has no
// limits and no deadlines, and a client that does not read loses its
// connection.

#include "lib/http/http_response.h"
#include "lib/base/net.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    RECEIVE_MAX = 64 * 1024, // in bytes, for one recv
    READY_MAX = 512,         // events from one epoll_wait
    DESCRIPTORS_MAX = 65536,
};

static struct {
    size_t request_length; // in bytes
    struct http_response response;
    bool closes; // after each response
} wanted;

static char in[RECEIVE_MAX];
static size_t unfinished[DESCRIPTORS_MAX]; // [descriptor]: bytes of a request
                                           // that have come already
static struct {
    struct buffer bytes; // the same response many times
    size_t length;       // of one, in bytes
    time_t second;       // in which they were written
} responses;

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static void write_response(void)
{
    http_write_response(&responses.bytes, &wanted.response, !wanted.closes,
                        false);
}

// One for a request that began in an earlier recv, and as many as fit into one.
static void write_responses(void)
{
    buffer_clear(&responses.bytes);
    write_response();
    responses.length = responses.bytes.length;
    for (size_t i = 0; i < RECEIVE_MAX / wanted.request_length; i++)
        write_response();
    if (responses.bytes.failed)
        fail("bare: memory");
}

static bool send_responses(int client, size_t count)
{
    time_t now = time(NULL);
    if (now != responses.second) {
        responses.second = now;
        write_responses();
    }
    size_t length = count * responses.length;
    return send(client, responses.bytes.bytes, length, MSG_NOSIGNAL) ==
           (ssize_t)length;
}

// Returns whether the connection stays open.
static bool serve(int client)
{
    ssize_t received = recv(client, in, sizeof in, 0);
    if (received <= 0)
        return received < 0 && net_would_block();
    size_t bytes = unfinished[client] + (size_t)received;
    size_t count = bytes / wanted.request_length;
    unfinished[client] = bytes % wanted.request_length;
    if (count == 0)
        return true;
    return send_responses(client, count) && !wanted.closes;
}

// Returns -1 when there is no client, or no room for it.
static int accept_client(int listener)
{
    int client = net_accept_nonblocking(listener);
    if (client >= DESCRIPTORS_MAX) {
        close(client);
        return -1;
    }
    if (client >= 0)
        unfinished[client] = 0;
    return client;
}

static void add_to_epoll(int epoll, int descriptor)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) < 0)
        fail("bare: epoll_ctl");
}

static _Noreturn void run_epoll(int listener)
{
    static struct epoll_event ready[READY_MAX];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        fail("bare: epoll_create1");
    add_to_epoll(epoll, listener);
    while (true) {
        int count = epoll_wait(epoll, ready, READY_MAX, -1);
        for (int i = 0; i < count; i++) {
            int descriptor = ready[i].data.fd;
            if (descriptor == listener) {
                int client = accept_client(listener);
                if (client >= 0)
                    add_to_epoll(epoll, client);
            } else if (!serve(descriptor)) {
                close(descriptor);
            }
        }
    }
}

// The array has no gaps: the last client moves to where another left.
static _Noreturn void run_poll(int listener)
{
    static struct pollfd polled[DESCRIPTORS_MAX];
    nfds_t end = 1;
    polled[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    while (true) {
        int ready = poll(polled, end, -1);
        for (nfds_t i = end - 1; i > 0 && ready > 0; i--) {
            if (polled[i].revents == 0)
                continue;
            ready--;
            if (!serve(polled[i].fd)) {
                close(polled[i].fd);
                polled[i] = polled[--end];
            }
        }
        int client = polled[0].revents != 0 ? accept_client(listener) : -1;
        if (client >= 0)
            polled[end++] = (struct pollfd){.fd = client, .events = POLLIN};
    }
}

static int listen_on(const char *port)
{
    char url[NET_URL_SIZE];
    int listener = net_listen("127.0.0.1", atoi(port));
    if (listener < 0 || net_set_nonblocking(listener) < 0 ||
        net_url(listener, url) < 0)
        fail("bare: listen");
    printf("bare listening on %s\n", url);
    fflush(stdout);
    return listener;
}

int main(int argc, char **argv)
{
    bool by_epoll = argc > 1 && strcmp(argv[1], "epoll") == 0;
    bool by_poll = argc > 1 && strcmp(argv[1], "poll") == 0;
    if (argc < 7 || (!by_epoll && !by_poll) || atoi(argv[3]) < 1) {
        fprintf(stderr, "usage: bare epoll|poll PORT LENGTH STATUS TYPE BODY "
                        "[close]\n");
        return 2;
    }
    wanted.request_length = (size_t)atoi(argv[3]);
    wanted.response.status = (enum http_status)atoi(argv[4]);
    wanted.response.content_type = argv[5];
    wanted.response.body = slice_of(argv[6]);
    wanted.closes = argc > 7 && strcmp(argv[7], "close") == 0;
    int listener = listen_on(argv[2]);
    if (by_epoll)
        run_epoll(listener);
    run_poll(listener);
}
