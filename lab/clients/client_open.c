// How a client connects and leaves.

#include "lab/clients/client.h"
#include "lab/trouble.h"
#include "lib/base/clock.h"
#include "lib/base/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

bool client_error_is_servers(int error)
{
    return error == ECONNREFUSED || error == ECONNRESET ||
           error == ECONNABORTED || error == ETIMEDOUT;
}

enum { CONNECT_MS = 1000 }; // on loopback, only a busy kernel needs some time

// What connect(2) would return if it waited: 0, or -1 and errno. A server whose
// backlog is full gives no answer, and connecting goes on. One client waits for
// that; those after it only look, because they must come, too.
static int result_of_connect(int descriptor, int port)
{
    static int full_port; // its backlog has been full
    struct pollfd polled = {.fd = descriptor, .events = POLLOUT};
    socklen_t length = sizeof errno;
    int error = 0;
    if (poll(&polled, 1, port == full_port ? 0 : CONNECT_MS) > 0)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
    else
        full_port = port;
    errno = error;
    return error == 0 ? 0 : -1;
}

static int begin_connecting(int descriptor, const struct sockaddr_in *address)
{
    if (connect(descriptor, (const struct sockaddr *)address,
                sizeof *address) == 0)
        return 0;
    return errno == EINPROGRESS
               ? result_of_connect(descriptor, ntohs(address->sin_port))
               : -1;
}

// With TCP_NODELAY, what a client sends in pieces also arrives in pieces.
static bool connect_to(int descriptor, int port)
{
    static const int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (net_set_nonblocking(descriptor) < 0 ||
        begin_connecting(descriptor, &address) < 0) {
        if (!client_error_is_servers(errno))
            trouble_note_errno("connect");
        return false;
    }
    return setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) ==
               0 &&
           net_set_close_on_exec(descriptor) == 0;
}

// 0: the system's default.
static void open_with(struct client *client, int port, int receive_bytes,
                      int segment_bytes)
{
    *client = (struct client){.socket = socket(AF_INET, SOCK_STREAM, 0)};
    client->sent_at = clock_nanoseconds();
    if (client->socket < 0)
        trouble_note_errno("socket");
    if (client->socket >= 0 && receive_bytes > 0)
        setsockopt(client->socket, SOL_SOCKET, SO_RCVBUF, &receive_bytes,
                   sizeof receive_bytes);
    if (client->socket >= 0 && segment_bytes > 0)
        setsockopt(client->socket, IPPROTO_TCP, TCP_MAXSEG, &segment_bytes,
                   sizeof segment_bytes);
    if (client->socket >= 0 && connect_to(client->socket, port))
        return;
    client_close(client);
    client->ended = true;
}

void client_open(struct client *client, int port)
{
    open_with(client, port, 0, 0);
}

void client_open_narrow(struct client *client, int port)
{
    open_with(client, port, 1024, 0);
}

void client_open_remote(struct client *client, int port)
{
    open_with(client, port, 0, 1460);
}

bool client_is_connected(const struct client *client)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    return getpeername(client->socket, (struct sockaddr *)&address, &length) ==
           0;
}

void client_close(struct client *client)
{
    if (client->socket >= 0)
        close(client->socket);
    client->socket = -1;
    buffer_destroy(&client->out);
    buffer_destroy(&client->in);
}

void client_reset(struct client *client)
{
    // A linger time of 0 makes close(2) send RST instead of FIN.
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(client->socket, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    client_close(client);
}

void client_half_close(struct client *client)
{
    shutdown(client->socket, SHUT_WR);
}
