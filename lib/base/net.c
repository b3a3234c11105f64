#include "lib/base/net.h"
#include "lib/base/clock.h"
#include "lib/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { LINGER = 1000, PAUSE = 100 }; // in milliseconds

static int close_and_fail(int descriptor)
{
    int saved = errno;
    close(descriptor);
    errno = saved;
    return -1;
}

// Without SO_REUSEADDR a restarted server cannot listen on its port for a
// minute, because old connections still hold it (RFC 9293, TIME-WAIT).
static int open_listener(const struct addrinfo *where)
{
    static const int on = 1;
    int listener = socket(where->ai_family, SOCK_STREAM, 0);
    if (listener < 0)
        return -1;
    if (net_set_close_on_exec(listener) < 0 ||
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(listener, where->ai_addr, where->ai_addrlen) < 0 ||
        listen(listener, SOMAXCONN) < 0)
        return close_and_fail(listener);
    return listener;
}

int net_listen(const char *address, int port)
{
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
        .ai_socktype = SOCK_STREAM,
    };
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    struct addrinfo *where;
    if (getaddrinfo(address, service, &hints, &where) != 0) {
        errno = EINVAL;
        return process_cannot("listen on %s, port %d", address, port);
    }
    int listener = open_listener(where);
    freeaddrinfo(where);
    if (listener < 0)
        return process_cannot("listen on %s, port %d", address, port);
    return listener;
}

int net_url(int listener, char url[NET_URL_SIZE])
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    char host[INET6_ADDRSTRLEN];
    char port[8];
    if (getsockname(listener, (struct sockaddr *)&address, &length) < 0)
        return -1;
    if (getnameinfo((struct sockaddr *)&address, length, host, sizeof host,
                    port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return -1;
    const char *format =
        address.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s";
    snprintf(url, NET_URL_SIZE, format, host, port);
    return 0;
}

// A response is one send: the kernel gains nothing if it waits for more bytes.
// The call fails if the client has left already; recv reports that soon enough.
static void send_at_once(int client)
{
    static const int on = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

#ifdef THAW_HAS_ACCEPT4
// One system call instead of four.
int net_accept_nonblocking(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client >= 0)
        send_at_once(client);
    return client;
}
#else
int net_accept_nonblocking(int listener)
{
    int client = accept(listener, NULL, NULL);
    if (client < 0)
        return -1;
    if (net_set_close_on_exec(client) < 0 || net_set_nonblocking(client) < 0)
        return close_and_fail(client);
    send_at_once(client);
    return client;
}
#endif

static int accept_blocking(int listener)
{
    int client = accept(listener, NULL, NULL);
    if (client < 0)
        return -1;
    if (net_set_close_on_exec(client) < 0)
        return close_and_fail(client);
    send_at_once(client);
    return client;
}

int net_wait_for_client(int listener)
{
    while (true) {
        int client = accept_blocking(listener);
        if (client >= 0)
            return client;
        if (errno != ECONNABORTED && errno != EINTR)
            poll(NULL, 0, PAUSE);
    }
}

bool net_send_all(int client, struct slice bytes)
{
    while (bytes.length > 0) {
        ssize_t sent = send(client, bytes.bytes, bytes.length, 0);
        if (sent < 0 && errno != EINTR)
            return false;
        if (sent > 0)
            bytes = slice_after(bytes, (size_t)sent);
    }
    return true;
}

int net_limit_silence(int client, int milliseconds)
{
    struct timeval limit = {.tv_sec = milliseconds / 1000,
                            .tv_usec =
                                (suseconds_t)(milliseconds % 1000) * 1000};
    if (setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0)
        return -1;
    return setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

bool net_has_more(int client)
{
    struct pollfd polled = {.fd = client, .events = POLLIN};
    char byte;
    return poll(&polled, 1, 0) > 0 && recv(client, &byte, 1, MSG_PEEK) > 0;
}

void net_linger(int client)
{
    char bytes[4096];
    struct pollfd polled = {.fd = client, .events = POLLIN};
    int64_t end = clock_milliseconds() + LINGER;
    shutdown(client, SHUT_WR);
    for (int64_t now = clock_milliseconds(); now < end;
         now = clock_milliseconds()) {
        int ready = poll(&polled, 1, (int)(end - now));
        if ((ready < 0 && errno != EINTR) ||
            (ready > 0 && recv(client, bytes, sizeof bytes, 0) <= 0))
            return;
    }
}

int net_set_nonblocking(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

int net_set_close_on_exec(int descriptor)
{
    return fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

int net_self_pipe(int ends[2])
{
    if (pipe(ends) < 0)
        return -1;
    for (int i = 0; i < 2; i++)
        if (net_set_nonblocking(ends[i]) < 0 ||
            net_set_close_on_exec(ends[i]) < 0) {
            close(ends[1 - i]);
            return close_and_fail(ends[i]);
        }
    return 0;
}

bool net_would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

bool net_is_out_of_resources(void)
{
    return errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
           errno == ENOMEM;
}
