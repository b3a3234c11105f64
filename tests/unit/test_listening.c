// test_listening.c - a port that listens, and ports that do not

#include "lab/servers/listening.h"
#include "lab/servers/port.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum listening way(int family, int port);

static const struct {
    const char *name;
    way *look;
} ways[] = {
    {"netlink", listening_by_netlink},
    {"proc", listening_by_proc},
    {"either", listening_on},
};

// A way may be unknown on this system: both of them, where it is not Linux.
static void expect(way *look, int family, int port, enum listening wanted)
{
    enum listening found = look(family, port);
#ifdef __linux__
    ck_assert(found != LISTENING_UNKNOWN || look != listening_on);
#endif
    if (found != LISTENING_UNKNOWN)
        ck_assert_int_eq(found, wanted);
}

static int port_of(int socket)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    ck_assert_int_eq(getsockname(socket, (struct sockaddr *)&address, &size),
                     0);
    return ntohs(address.ss_family == AF_INET6
                     ? ((struct sockaddr_in6 *)&address)->sin6_port
                     : ((struct sockaddr_in *)&address)->sin_port);
}

// On the loopback of this family, and any port. -1: there is no such family.
static int bound(int family)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6,
                               .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in four = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool is_six = family == AF_INET6;
    int descriptor = socket(family, SOCK_STREAM, 0);
    if (descriptor < 0 ||
        bind(descriptor,
             is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four,
             is_six ? sizeof six : sizeof four) < 0)
        return -1;
    return descriptor;
}

START_TEST(a_port_is_listening_from_listen_to_close)
{
    int server = bound(AF_INET);
    ck_assert_int_ge(server, 0);
    int port = port_of(server);
    expect(ways[_i].look, AF_INET, port, LISTENING_NOT);
    ck_assert_int_eq(listen(server, 5), 0);
    expect(ways[_i].look, AF_INET, port, LISTENING);
    close(server);
    expect(ways[_i].look, AF_INET, port, LISTENING_NOT);
}
END_TEST

START_TEST(the_families_have_ports_of_their_own)
{
    int server = bound(AF_INET6);
    if (server < 0 || listen(server, 5) < 0)
        return; // no IPv6 here
    expect(ways[_i].look, AF_INET6, port_of(server), LISTENING);
    expect(ways[_i].look, AF_INET, port_of(server), LISTENING_NOT);
    close(server);
}
END_TEST

// The connection has the server's port at one of its ends, and remains when the
// server closes.
START_TEST(a_connection_is_not_listening)
{
    int server = bound(AF_INET);
    ck_assert_int_ge(server, 0);
    ck_assert_int_eq(listen(server, 5), 0);
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    getsockname(server, (struct sockaddr *)&address, &size);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&address, size), 0);
    int accepted = accept(server, NULL, NULL);
    ck_assert_int_ge(accepted, 0);
    expect(ways[_i].look, AF_INET, port_of(client), LISTENING_NOT);
    close(server);
    expect(ways[_i].look, AF_INET, port_of(accepted), LISTENING_NOT);
    close(accepted);
    close(client);
}
END_TEST

START_TEST(a_port_is_found_among_many)
{
    enum { MANY = 100 };
    int servers[MANY];
    for (int i = 0; i < MANY; i++) {
        servers[i] = bound(AF_INET);
        ck_assert_int_ge(servers[i], 0);
        ck_assert_int_eq(listen(servers[i], 5), 0);
    }
    for (int i = 0; i < MANY; i++)
        expect(ways[_i].look, AF_INET, port_of(servers[i]), LISTENING);
    for (int i = 0; i < MANY; i++)
        close(servers[i]);
}
END_TEST

START_TEST(the_lab_sees_it_whatever_the_system_says)
{
    int server = bound(AF_INET);
    ck_assert_int_ge(server, 0);
    int port = port_of(server);
    ck_assert(!port_is_listening(port));
    ck_assert_int_eq(listen(server, 5), 0);
    ck_assert(port_is_listening(port));
    close(server);
    ck_assert(!port_is_listening(port));
}
END_TEST

// What is found on one port.
struct found {
    int port;
    int sockets;
    struct listener last;
};

static void note(const struct listener *listener, void *context)
{
    struct found *found = context;
    found->sockets++;
    found->last = *listener;
}

static void note_line(int port, const struct listener *listener, void *context)
{
    struct found *found = context;
    if (port == found->port)
        note(listener, found);
}

static bool by_netlink(int family, struct found *found)
{
    return listening_sockets(family, found->port, note, found);
}

static bool by_table(int family, struct found *found)
{
    return socket_table_listeners(family, note_line, found);
}

static const struct {
    const char *name;
    bool (*look)(int family, struct found *found);
} sources[] = {{"netlink", by_netlink}, {"table", by_table}};

// Connections that are not accepted.
static void connect_many(int server, int clients[], int count)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    getsockname(server, (struct sockaddr *)&address, &size);
    for (int i = 0; i < count; i++) {
        clients[i] = socket(address.ss_family, SOCK_STREAM, 0);
        ck_assert_int_eq(connect(clients[i], (struct sockaddr *)&address, size),
                         0);
    }
}

static void a_backlog_has_its_connections(int family, int row)
{
    enum { WAITING = 3 };
    int clients[WAITING];
    int server = bound(family);
    if (server < 0 || listen(server, 5) < 0)
        return; // no such family here
    struct found found = {.port = port_of(server)};
    struct stat status;
    connect_many(server, clients, WAITING);
    bool is_known = sources[row].look(family, &found);
    for (int i = 0; i < WAITING; i++)
        close(clients[i]);
    ck_assert_int_eq(fstat(server, &status), 0);
    close(server);
    if (!is_known)
        return; // this system does not say it
    uint32_t loopback[4] = {htonl(INADDR_LOOPBACK)};
    if (family == AF_INET6)
        memcpy(loopback, &in6addr_loopback, sizeof loopback);
    ck_assert_int_eq(found.sockets, 1);
    ck_assert_int_eq(found.last.backlog, WAITING);
    ck_assert_uint_eq(found.last.inode, status.st_ino);
    ck_assert_mem_eq(found.last.address, loopback, sizeof loopback);
}

START_TEST(a_backlog_is_told)
{
    a_backlog_has_its_connections(AF_INET, _i);
    a_backlog_has_its_connections(AF_INET6, _i);
}
END_TEST

// One on each address of the loopback, more than one message can tell.
START_TEST(all_sockets_of_a_port_are_told)
{
    enum { MANY = 300 };
    int servers[MANY];
    struct found found = {0};
    int count = 0;
    for (; count < MANY; count++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)found.port)};
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (unsigned)count);
        servers[count] = socket(AF_INET, SOCK_STREAM, 0);
        if (bind(servers[count], (struct sockaddr *)&address, sizeof address) <
                0 ||
            listen(servers[count], 5) < 0)
            break; // this system has one address, or another has the port
        found.port = port_of(servers[count]);
    }
    bool is_known = sources[_i].look(AF_INET, &found);
    for (int i = 0; i < count; i++)
        close(servers[i]);
    if (is_known && count == MANY)
        ck_assert_int_eq(found.sockets, MANY);
}
END_TEST

static int count_accepted(int port)
{
    struct buffer list = {0};
    int found = 0;
    socket_table_accepted(AF_INET, &list);
    const struct accepted *accepted = (const struct accepted *)list.bytes;
    for (size_t i = 0; i < list.length / sizeof *accepted; i++)
        found += accepted[i].port == port;
    buffer_destroy(&list);
    return found;
}

// While the table is printed, other tests' connections come and go, and a line
// may be left out or be there twice.
static bool has_accepted(int port, bool wanted)
{
    int tries = 100;
    while (tries > 0 && (count_accepted(port) > 0) != wanted)
        tries--;
    return tries > 0;
}

// The client's end has another port, and what waits has no process.
START_TEST(what_is_accepted_is_told)
{
    int clients[2];
    int server = bound(AF_INET);
    ck_assert_int_ge(server, 0);
    ck_assert_int_eq(listen(server, 5), 0);
    int port = port_of(server);
    struct found found = {.port = port};
    connect_many(server, clients, 2);
    if (!by_table(AF_INET, &found))
        return; // this system does not say it
    ck_assert(has_accepted(port, false));
    int accepted = accept(server, NULL, NULL);
    ck_assert_int_ge(accepted, 0);
    ck_assert(has_accepted(port, true));
    close(clients[0]); // CLOSE_WAIT
    ck_assert(has_accepted(port, true));
    close(accepted);
    ck_assert(has_accepted(port, false));
    close(clients[1]);
    close(server);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("listening");
    TCase *tcase = tcase_create("ports");
    // The table has a line for each connection of the other tests.
    tcase_set_timeout(tcase, 60);
    unit_add_rows(tcase, a_port_is_listening_from_listen_to_close, ways);
    unit_add_rows(tcase, the_families_have_ports_of_their_own, ways);
    unit_add_rows(tcase, a_connection_is_not_listening, ways);
    unit_add_rows(tcase, a_port_is_found_among_many, ways);
    unit_add_rows(tcase, a_backlog_is_told, sources);
    unit_add_rows(tcase, all_sockets_of_a_port_are_told, sources);
    tcase_add_test(tcase, what_is_accepted_is_told);
    tcase_add_test(tcase, the_lab_sees_it_whatever_the_system_says);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
