#include "lab/watch/sockets.h"
#include "lab/servers/listening.h"
#include "lib/base/clock.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

// The ports that are read, and what is found.
struct ports {
    struct port_sockets *ports;
    int count;
};

static struct port_sockets *find(const struct ports *ports, int port)
{
    for (int i = 0; i < ports->count; i++)
        if (ports->ports[i].port == port)
            return &ports->ports[i];
    return NULL;
}

static bool has_ipv6(const struct port_sockets *ports, int count)
{
    for (int i = 0; i < count; i++)
        if (ports[i].is_ipv6)
            return true;
    return false;
}

// An IPv6 address that is all zero takes IPv4, too, unless the server forbids
// it; so does "::ffff:127.0.0.1".
static bool is_for_loopback(int family, const uint32_t address[4])
{
    static const uint32_t any[4];
    const uint32_t mapped[4] = {0, 0, htonl(0xFFFF), htonl(INADDR_LOOPBACK)};
    if (family == AF_INET)
        return address[0] == 0 || address[0] == htonl(INADDR_LOOPBACK);
    return memcmp(address, any, sizeof any) == 0 ||
           memcmp(address, mapped, sizeof mapped) == 0;
}

static void add_listener(const struct listener *listener, void *context)
{
    struct port_sockets *port = context;
    int family = port->is_ipv6 ? AF_INET6 : AF_INET;
    if (!is_for_loopback(family, listener->address))
        return;
    port->backlog += listener->backlog;
    if (port->inode == 0)
        port->inode = listener->inode;
}

static void add_line(int number, const struct listener *listener, void *context)
{
    struct port_sockets *port = find(context, number);
    if (port != NULL)
        add_listener(listener, port);
}

// The ports alone, in this family, and nothing known about them.
static void copy_ports(const struct port_sockets *ports, int count, int family,
                       struct port_sockets fresh[SOCKETS_PORTS])
{
    for (int i = 0; i < count; i++)
        fresh[i] = (struct port_sockets){.port = ports[i].port,
                                         .is_ipv6 = family == AF_INET6};
}

static bool ask_netlink(int family, struct port_sockets *fresh, int count)
{
    for (int i = 0; i < count; i++)
        if (!listening_sockets(family, fresh[i].port, add_listener, &fresh[i]))
            return false;
    return true;
}

// What listens on these ports, in this family. False: this system does not
// tell.
static bool read_listeners(int family, const struct port_sockets *ports,
                           int count, struct port_sockets fresh[SOCKETS_PORTS])
{
    struct ports found = {fresh, count};
    copy_ports(ports, count, family, fresh);
    if (ask_netlink(family, fresh, count))
        return true;
    copy_ports(ports, count, family, fresh);
    return socket_table_listeners(family, add_line, &found);
}

static int by_inode(const void *one, const void *two)
{
    unsigned long a = ((const struct accepted *)one)->inode;
    unsigned long b = ((const struct accepted *)two)->inode;
    return (a > b) - (a < b);
}

// What is in the list twice is one connection.
static void count_once(struct buffer *list, const struct ports *ports)
{
    struct accepted *accepted = (struct accepted *)list->bytes;
    size_t count = list->length / sizeof *accepted;
    if (count > 0)
        qsort(accepted, count, sizeof *accepted, by_inode);
    for (size_t i = 0; i < count; i++) {
        struct port_sockets *port = find(ports, accepted[i].port);
        bool is_again = i > 0 && accepted[i].inode == accepted[i - 1].inode;
        if (port != NULL && !is_again)
            port->accepted++;
    }
}

// What takes long is not done again before `next`.
struct pace {
    int64_t began, next; // in nanoseconds
};

static bool is_due(struct pace *pace, int part)
{
    pace->began = clock_nanoseconds();
    return part == 0 || pace->began >= pace->next;
}

static void has_ended(struct pace *pace, int part)
{
    int64_t now = clock_nanoseconds();
    pace->next = now + (now - pace->began) * part;
}

// Takes over what listens, for the ports of one family.
static void take(struct port_sockets *port, const struct port_sockets *fresh,
                 bool is_ipv6)
{
    if (port->inode != fresh->inode)
        port->accepted = -1; // by another server
    port->inode = fresh->inode;
    port->backlog = fresh->backlog;
    port->is_ipv6 = is_ipv6;
}

// A server that listens on IPv6 as well as IPv4 gets our clients by IPv4.
static void read_ipv4(struct port_sockets *ports, int count)
{
    struct port_sockets fresh[SOCKETS_PORTS];
    bool is_known = read_listeners(AF_INET, ports, count, fresh);
    for (int i = 0; i < count; i++) {
        ports[i].is_known = is_known;
        if (!ports[i].is_ipv6 || fresh[i].inode != 0)
            take(&ports[i], &fresh[i], false);
    }
}

// Without netlink, Linux walks through its whole table of connections to find
// that there are no more listeners, so this may take longer than it seems.
static void read_ipv6(struct port_sockets *ports, int count, int part)
{
    static struct pace pace;
    struct port_sockets fresh[SOCKETS_PORTS];
    if (!is_due(&pace, part))
        return;
    read_listeners(AF_INET6, ports, count, fresh);
    for (int i = 0; i < count; i++)
        if (ports[i].is_ipv6 || ports[i].inode == 0)
            take(&ports[i], &fresh[i], fresh[i].inode != 0);
    has_ended(&pace, part);
}

static void count_all(struct port_sockets *ports, int count, int part)
{
    static struct pace pace;
    static struct buffer accepted;
    struct port_sockets fresh[SOCKETS_PORTS];
    if (!is_due(&pace, part))
        return;
    struct ports found = {fresh, count};
    copy_ports(ports, count, AF_INET, fresh);
    buffer_clear(&accepted);
    socket_table_accepted(AF_INET, &accepted);
    if (has_ipv6(ports, count))
        socket_table_accepted(AF_INET6, &accepted);
    count_once(&accepted, &found);
    for (int i = 0; i < count; i++)
        ports[i].accepted = ports[i].is_known ? fresh[i].accepted : -1;
    has_ended(&pace, part);
}

void sockets_read(struct port_sockets *ports, int count, bool counts, int part)
{
    bool all_are_found = true;
    read_ipv4(ports, count);
    for (int i = 0; i < count; i++)
        all_are_found =
            all_are_found && ports[i].inode != 0 && !ports[i].is_ipv6;
    if (!all_are_found)
        read_ipv6(ports, count, part);
    if (counts)
        count_all(ports, count, part);
}
