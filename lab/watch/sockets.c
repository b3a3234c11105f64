#include "lab/watch/sockets.h"
#include "lib/base/buffer.h"
#include "lib/base/clock.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// States as Linux numbers them (include/net/tcp_states.h).
enum { ESTABLISHED = 0x01, CLOSE_WAIT = 0x08, LISTEN = 0x0A };

struct line {
    const char *address; // in hexadecimal digits: 8, or 32 for IPv6
    const char *after;   // the state
    int port;
    unsigned state;
};

static const char ipv4_table[] = "/proc/net/tcp";
static const char ipv6_table[] = "/proc/net/tcp6";

// "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000005 00:00000000 ..."
static bool split(const char *text, struct line *line)
{
    const char *number = strchr(text, ':');
    const char *port = number != NULL ? strchr(number + 1, ':') : NULL;
    const char *peer = port != NULL ? strchr(port + 1, ':') : NULL;
    const char *state = peer != NULL ? strchr(peer, ' ') : NULL;
    if (state == NULL)
        return false;
    char *end;
    line->address = number + 2;
    line->port = (int)strtoul(port + 1, NULL, 16);
    line->state = (unsigned)strtoul(state, &end, 16);
    line->after = end;
    return true;
}

// " tx_queue:rx_queue tr:when retransmits uid timeout inode". For what listens,
// rx_queue is the length of the backlog.
static bool queue_and_inode(const struct line *line, int *queue,
                            unsigned long *inode)
{
    unsigned found;
    if (sscanf(line->after, " %*x:%x %*x:%*x %*x %*u %*u %lu", &found, inode) !=
        2)
        return false;
    *queue = (int)found;
    return true;
}

// An IPv6 address that is all zero takes IPv4, too, unless the server forbids
// it; "::ffff:127.0.0.1" ends as an IPv4 address.
static bool is_for_loopback(const char *address)
{
    size_t digits = strcspn(address, ":");
    char last[9] = "";
    memcpy(last, address + digits - 8, 8);
    unsigned long found = strtoul(last, NULL, 16);
    bool is_any = strspn(address, "0") >= digits;
    bool is_mapped =
        digits == 8 || strncmp(address, "0000000000000000", 16) == 0;
    return is_any || (is_mapped && found == htonl(INADDR_LOOPBACK));
}

static struct port_sockets *find(struct port_sockets *ports, int count,
                                 int port)
{
    for (int i = 0; i < count; i++)
        if (ports[i].port == port)
            return &ports[i];
    return NULL;
}

static bool has_ipv6(const struct port_sockets *ports, int count)
{
    for (int i = 0; i < count; i++)
        if (ports[i].is_ipv6)
            return true;
    return false;
}

static FILE *open_table(const char *path)
{
    char names[256]; // of the columns
    FILE *file = fopen(path, "r");
    if (file != NULL && fgets(names, sizeof names, file) == NULL) {
        fclose(file);
        return NULL;
    }
    return file;
}

static void add_listener(const struct line *line, struct port_sockets *found)
{
    unsigned long inode;
    int queue;
    if (!is_for_loopback(line->address) ||
        !queue_and_inode(line, &queue, &inode))
        return;
    found->backlog += queue;
    if (found->inode == 0)
        found->inode = inode;
}

// Adds what listens to the ports, whose backlogs are 0. False: this system does
// not tell.
static bool read_listeners(const char *path, struct port_sockets *ports,
                           int count)
{
    char text[256];
    struct line line;
    FILE *file = open_table(path);
    if (file == NULL)
        return false;
    while (fgets(text, sizeof text, file) != NULL && split(text, &line) &&
           line.state == LISTEN) {
        struct port_sockets *found = find(ports, count, line.port);
        if (found != NULL)
            add_listener(&line, found);
    }
    fclose(file);
    return true;
}

// A connection that a server has accepted.
struct connection {
    int port;
    unsigned long inode; // of the server's socket; each has its own
};

static void find_accepted(const char *path, struct port_sockets *ports,
                          int count, struct buffer *accepted)
{
    char text[256];
    struct line line;
    FILE *file = open_table(path);
    if (file == NULL)
        return;
    while (fgets(text, sizeof text, file) != NULL) {
        struct connection connection;
        int queue;
        if (!split(text, &line) ||
            (line.state != ESTABLISHED && line.state != CLOSE_WAIT))
            continue;
        connection.port = line.port;
        if (find(ports, count, line.port) != NULL &&
            queue_and_inode(&line, &queue, &connection.inode) &&
            connection.inode != 0) // 0: the server has not accepted it yet
            buffer_add(accepted, (struct slice){(const char *)&connection,
                                                sizeof connection});
    }
    fclose(file);
}

static int by_inode(const void *one, const void *two)
{
    unsigned long a = ((const struct connection *)one)->inode;
    unsigned long b = ((const struct connection *)two)->inode;
    return (a > b) - (a < b);
}

// While Linux prints the list, connections come and go, and then it may print
// one twice.
static void count_once(struct buffer *accepted, struct port_sockets *ports,
                       int count)
{
    struct connection *connections = (struct connection *)accepted->bytes;
    size_t found = accepted->length / sizeof *connections;
    if (found > 0)
        qsort(connections, found, sizeof *connections, by_inode);
    for (size_t i = 0; i < found; i++)
        if (i == 0 || connections[i].inode != connections[i - 1].inode)
            find(ports, count, connections[i].port)->accepted++;
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

// The ports alone, and nothing known about them.
static void copy_ports(const struct port_sockets *ports, int count,
                       struct port_sockets fresh[SOCKETS_PORTS])
{
    for (int i = 0; i < count; i++)
        fresh[i] = (struct port_sockets){.port = ports[i].port};
}

// A server that listens on IPv6 as well as IPv4 gets our clients by IPv4.
static void read_ipv4(struct port_sockets *ports, int count)
{
    struct port_sockets fresh[SOCKETS_PORTS];
    copy_ports(ports, count, fresh);
    bool is_known = read_listeners(ipv4_table, fresh, count);
    for (int i = 0; i < count; i++) {
        ports[i].is_known = is_known;
        if (!ports[i].is_ipv6 || fresh[i].inode != 0)
            take(&ports[i], &fresh[i], false);
    }
}

// To find that there are no listeners of IPv6 any more, Linux walks through its
// whole table of connections, so this takes longer than it seems.
static void read_ipv6(struct port_sockets *ports, int count, int part)
{
    static struct pace pace;
    struct port_sockets fresh[SOCKETS_PORTS];
    if (!is_due(&pace, part))
        return;
    copy_ports(ports, count, fresh);
    read_listeners(ipv6_table, fresh, count);
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
    copy_ports(ports, count, fresh);
    buffer_clear(&accepted);
    find_accepted(ipv4_table, fresh, count, &accepted);
    if (has_ipv6(ports, count))
        find_accepted(ipv6_table, fresh, count, &accepted);
    count_once(&accepted, fresh, count);
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
