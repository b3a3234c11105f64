#include "lab/servers/port.h"
#include "lab/servers/listening.h"
#include "lab/trouble.h"
#include "lib/base/clock.h"
#include "lib/base/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

// Below the ports that systems give to clients.
enum { FIRST = 16384, COUNT = 16384 };

static struct sockaddr_in address_of(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

// A socket that is bound to it; -1: it is taken.
static int bind_to(int port, int type)
{
    const struct sockaddr_in address = address_of(port);
    int descriptor = socket(AF_INET, type, 0);
    if (descriptor < 0)
        return -1;
    net_set_close_on_exec(descriptor);
    if (bind(descriptor, (const struct sockaddr *)&address, sizeof address) <
        0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

// Without SO_REUSEADDR it is also taken while old connections hold it.
bool port_is_free(int port)
{
    int descriptor = bind_to(port, SOCK_STREAM);
    if (descriptor >= 0)
        close(descriptor);
    return descriptor >= 0;
}

// Labs that start at the same time begin with different ports.
static unsigned next_number(void)
{
    static unsigned state;
    if (state == 0)
        state =
            ((unsigned)getpid() * 2654435761U) ^ (unsigned)clock_nanoseconds();
    state = state * 1664525U + 1013904223U;
    return state >> 16;
}

int port_reserve(int *reservation)
{
    enum { TRIES = 1000 };
    for (int i = 0; i < TRIES; i++) {
        int port = FIRST + (int)(next_number() % COUNT);
        *reservation = bind_to(port, SOCK_DGRAM);
        if (*reservation >= 0 && port_is_free(port))
            return port;
        if (*reservation >= 0)
            close(*reservation);
    }
    trouble_note_errno("bind, for a free port");
    return -1;
}

static bool accepts(int port)
{
    const struct sockaddr_in address = address_of(port);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    bool is_connected = descriptor >= 0 &&
                        connect(descriptor, (const struct sockaddr *)&address,
                                sizeof address) == 0;
    if (descriptor >= 0)
        close(descriptor);
    return is_connected;
}

// Where the system does not say, ask by connecting. One that listens on IPv6
// may accept IPv4, too.
bool port_is_listening(int port)
{
    enum listening found = listening_on(AF_INET, port);
    if (found == LISTENING_NOT)
        return listening_on(AF_INET6, port) == LISTENING && accepts(port);
    return found == LISTENING || accepts(port);
}
