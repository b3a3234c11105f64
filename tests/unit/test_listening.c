// test_listening.c - a port that listens, and ports that do not

#include "lab/servers/listening.h"
#include "lab/servers/port.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
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

int main(void)
{
    Suite *suite = suite_create("listening");
    TCase *tcase = tcase_create("ports");
    unit_add_rows(tcase, a_port_is_listening_from_listen_to_close, ways);
    unit_add_rows(tcase, the_families_have_ports_of_their_own, ways);
    unit_add_rows(tcase, a_connection_is_not_listening, ways);
    unit_add_rows(tcase, a_port_is_found_among_many, ways);
    tcase_add_test(tcase, the_lab_sees_it_whatever_the_system_says);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
