#include "lab/servers/port.h"
#include "lab/trouble.h"
#include "lib/base/clock.h"
#include "lib/base/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
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

#ifdef __linux__
// Linux lists what listens, and lists it first: no connection is needed to see
// it, which the server would count, trace and take for a client that left. In
// a line, "0100007F:1F90 00000000:0000 0A": address, port, and the state.
static bool is_listed(const char *path, int port)
{
    FILE *file = fopen(path, "r");
    char line[256];
    bool is_found = false;
    if (file == NULL)
        return true; // ask by connecting
    if (fgets(line, sizeof line, file) == NULL)
        line[0] = '\0';
    while (!is_found && fgets(line, sizeof line, file) != NULL) {
        unsigned found;
        unsigned state;
        if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x", &found,
                   &state) != 2 ||
            state != 0x0A)
            break;
        is_found = found == (unsigned)port;
    }
    fclose(file);
    return is_found;
}

// One that listens on IPv6 may accept IPv4, too.
bool port_is_listening(int port)
{
    return is_listed("/proc/net/tcp", port) ||
           (is_listed("/proc/net/tcp6", port) && accepts(port));
}
#else
bool port_is_listening(int port)
{
    return accepts(port);
}
#endif
