// test_net.c - listening, accepting, and the flags of descriptors

#include "lib/base/net.h"
#include "tests/unit/sockets.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_close_on_exec(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFD);
    ck_assert_int_ge(flags, 0);
    return (flags & FD_CLOEXEC) != 0;
}

static bool is_nonblocking(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);
    ck_assert_int_ge(flags, 0);
    return (flags & O_NONBLOCK) != 0;
}

static int port_of(int listener)
{
    char url[NET_URL_SIZE];
    ck_assert_int_eq(net_url(listener, url), 0);
    return atoi(strrchr(url, ':') + 1);
}

START_TEST(port_0_is_any_free_port)
{
    int one = net_listen("127.0.0.1", 0);
    int other = net_listen("127.0.0.1", 0);
    ck_assert_int_ge(one, 0);
    ck_assert_int_ge(other, 0);
    ck_assert_int_gt(port_of(one), 0);
    ck_assert_int_gt(port_of(other), 0);
    ck_assert_int_ne(port_of(one), port_of(other));
    close(one);
    close(other);
}
END_TEST

START_TEST(an_ipv4_url_is_what_a_client_connects_to)
{
    char url[NET_URL_SIZE];
    char expected[NET_URL_SIZE];
    int listener = net_listen("127.0.0.1", 0);
    snprintf(expected, sizeof expected, "http://127.0.0.1:%d",
             port_of(listener));
    ck_assert_int_eq(net_url(listener, url), 0);
    ck_assert_str_eq(url, expected);
    close(connect_to(listener));
    close(listener);
}
END_TEST

// Without brackets the port would be a part of the address (RFC 3986, 3.2.2).
START_TEST(an_ipv6_url_has_brackets)
{
    char url[NET_URL_SIZE];
    char expected[NET_URL_SIZE];
    int listener = net_listen("::1", 0);
    if (listener < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
        return; // this machine has no IPv6
    ck_assert_int_ge(listener, 0);
    snprintf(expected, sizeof expected, "http://[::1]:%d", port_of(listener));
    ck_assert_int_eq(net_url(listener, url), 0);
    ck_assert_str_eq(url, expected);
    close(connect_to(listener));
    close(listener);
}
END_TEST

START_TEST(a_descriptor_that_is_not_a_socket_has_no_url)
{
    char url[NET_URL_SIZE];
    ck_assert_int_eq(net_url(-1, url), -1);
    ck_assert_int_eq(errno, EBADF);
}
END_TEST

static const struct {
    const char *address;
    int error;
} invalid_addresses[] = {
    {"localhost", EINVAL}, // names are not looked up
    {"", EINVAL},
    {"127.0.0.1:80", EINVAL},
    {"[::1]", EINVAL},
    {"192.0.2.1", EADDRNOTAVAIL}, // no machine has it (RFC 5737)
};

START_TEST(an_address_that_is_invalid_or_not_ours_is_rejected)
{
    ck_assert_int_eq(net_listen(invalid_addresses[_i].address, 0), -1);
    ck_assert_int_eq(errno, invalid_addresses[_i].error);
}
END_TEST

START_TEST(a_port_that_is_in_use_is_rejected)
{
    int listener = net_listen("127.0.0.1", 0);
    ck_assert_int_eq(net_listen("127.0.0.1", port_of(listener)), -1);
    ck_assert_int_eq(errno, EADDRINUSE);
    close(listener);
}
END_TEST

// The server closes first, so its side of the connection stays in TIME-WAIT.
// False: the port is still in use, or another process took it meanwhile.
static bool can_listen_again(void)
{
    int listener = net_listen("127.0.0.1", 0);
    int port = port_of(listener);
    char byte;
    int client = connect_to(listener);
    close(net_accept_nonblocking(listener));
    close(listener);
    ck_assert_int_eq(recv(client, &byte, 1, 0), 0);
    close(client);
    listener = net_listen("127.0.0.1", port);
    close(listener);
    return listener >= 0;
}

START_TEST(a_restarted_server_can_use_its_port_again)
{
    ck_assert(can_listen_again() || can_listen_again() || can_listen_again());
}
END_TEST

START_TEST(a_listener_is_closed_on_exec)
{
    int listener = net_listen("127.0.0.1", 0);
    ck_assert(is_close_on_exec(listener));
    close(listener);
}
END_TEST

// Clients are connected before the server accepts them: see stage 1.
START_TEST(connections_wait_in_the_backlog)
{
    enum { CLIENTS = 20 };
    int clients[CLIENTS];
    int listener = net_listen("127.0.0.1", 0);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = connect_to(listener);
        ck_assert_int_eq(send(clients[i], "x", 1, 0), 1);
    }
    for (int i = 0; i < CLIENTS; i++) {
        char byte;
        int server = net_accept_nonblocking(listener);
        ck_assert_int_eq(recv(server, &byte, 1, 0), 1);
        close(server);
        close(clients[i]);
    }
    close(listener);
}
END_TEST

START_TEST(an_accepted_client_blocks_is_closed_on_exec_and_sends_at_once)
{
    int at_once = 0;
    socklen_t size = sizeof at_once;
    struct ends ends = open_ends();
    ck_assert(!is_nonblocking(ends.server));
    ck_assert(is_close_on_exec(ends.server));
    ck_assert_int_eq(
        getsockopt(ends.server, IPPROTO_TCP, TCP_NODELAY, &at_once, &size), 0);
    ck_assert_int_ne(at_once, 0);
    close_ends(&ends);
}
END_TEST

START_TEST(an_empty_backlog_would_block)
{
    int listener = net_listen("127.0.0.1", 0);
    ck_assert_int_eq(net_set_nonblocking(listener), 0);
    ck_assert_int_eq(net_accept_nonblocking(listener), -1);
    ck_assert(net_would_block());
    close(listener);
    ck_assert_int_eq(net_accept_nonblocking(-1), -1);
    ck_assert(!net_would_block());
}
END_TEST

static const struct {
    int error;
    bool would_block;
} errors[] = {
    {EAGAIN, true}, {EWOULDBLOCK, true}, {EINTR, true},  {0, false},
    {EPIPE, false}, {ECONNRESET, false}, {EBADF, false}, {EMFILE, false},
};

START_TEST(not_ready_differs_from_broken)
{
    errno = errors[_i].error;
    ck_assert(net_would_block() == errors[_i].would_block);
}
END_TEST

START_TEST(nonblocking_does_not_change_other_flags)
{
    FILE *file = tmpfile();
    ck_assert_int_eq(fcntl(fileno(file), F_SETFL, O_APPEND), 0);
    ck_assert_int_eq(net_set_nonblocking(fileno(file)), 0);
    int flags = fcntl(fileno(file), F_GETFL);
    ck_assert_int_eq(flags & (O_APPEND | O_NONBLOCK), O_APPEND | O_NONBLOCK);
    fclose(file);
}
END_TEST

START_TEST(a_closed_descriptor_has_no_flags)
{
    ck_assert_int_eq(net_set_nonblocking(-1), -1);
    ck_assert_int_eq(errno, EBADF);
    errno = 0;
    ck_assert_int_eq(net_set_close_on_exec(-1), -1);
    ck_assert_int_eq(errno, EBADF);
}
END_TEST

START_TEST(a_byte_in_the_self_pipe_wakes_poll)
{
    int ends[2];
    char byte;
    ck_assert_int_eq(net_self_pipe(ends), 0);
    struct pollfd polled = {.fd = ends[0], .events = POLLIN};
    ck_assert_int_eq(poll(&polled, 1, 0), 0);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    ck_assert_int_eq(poll(&polled, 1, 0), 1);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    ck_assert_int_eq(poll(&polled, 1, 0), 0);
    ck_assert_int_eq(read(ends[0], &byte, 1), -1);
    ck_assert(net_would_block());
    close(ends[0]);
    close(ends[1]);
}
END_TEST

// A signal handler writes to it, and must not wait for a reader.
START_TEST(a_full_self_pipe_does_not_block)
{
    int ends[2];
    ck_assert_int_eq(net_self_pipe(ends), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert(is_nonblocking(ends[i]));
        ck_assert(is_close_on_exec(ends[i]));
    }
    while (write(ends[1], "x", 1) == 1)
        ;
    ck_assert(net_would_block());
    close(ends[0]);
    close(ends[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net");
    TCase *listening = tcase_create("listening");
    tcase_set_timeout(listening, 60);
    tcase_add_test(listening, port_0_is_any_free_port);
    tcase_add_test(listening, an_ipv4_url_is_what_a_client_connects_to);
    tcase_add_test(listening, an_ipv6_url_has_brackets);
    tcase_add_test(listening, a_descriptor_that_is_not_a_socket_has_no_url);
    unit_add_rows(listening, an_address_that_is_invalid_or_not_ours_is_rejected,
                  invalid_addresses);
    tcase_add_test(listening, a_port_that_is_in_use_is_rejected);
    tcase_add_test(listening, a_restarted_server_can_use_its_port_again);
    tcase_add_test(listening, a_listener_is_closed_on_exec);
    tcase_add_test(listening, connections_wait_in_the_backlog);
    tcase_add_test(
        listening,
        an_accepted_client_blocks_is_closed_on_exec_and_sends_at_once);
    tcase_add_test(listening, an_empty_backlog_would_block);
    suite_add_tcase(suite, listening);
    TCase *flags = tcase_create("flags");
    tcase_set_timeout(flags, 60);
    unit_add_rows(flags, not_ready_differs_from_broken, errors);
    tcase_add_test(flags, nonblocking_does_not_change_other_flags);
    tcase_add_test(flags, a_closed_descriptor_has_no_flags);
    tcase_add_test(flags, a_byte_in_the_self_pipe_wakes_poll);
    tcase_add_test(flags, a_full_self_pipe_does_not_block);
    suite_add_tcase(suite, flags);
    return unit_run(suite);
}
