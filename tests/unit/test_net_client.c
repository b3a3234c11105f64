// test_net_client.c - clients on blocking sockets: slow, silent, gone

#include "lib/base/net.h"
#include "lib/base/clock.h"
#include "tests/unit/sockets.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

enum { LINGER = 1000 };           // in milliseconds: the second of net_linger
enum { FOREVER = 10 * 1000 };     // in milliseconds: longer than any test waits
enum { MANY = 1024 * 1024 };      // in bytes
enum { SEND_BUFFER = 16 * 1024 }; // in bytes, for SO_SNDBUF

static struct ends ends;
static pthread_t sender; // signals interrupt this thread

// The servers ignore SIGPIPE, too: it must not kill them if a client leaves.
static void connect_ends(void)
{
    static const int size = SEND_BUFFER;
    signal(SIGPIPE, SIG_IGN);
    ends = open_ends();
    setsockopt(ends.server, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    ck_assert_int_eq(net_limit_silence(ends.client, FOREVER), 0);
}

static void disconnect_ends(void)
{
    close_ends(&ends);
}

static void close_end(int *end)
{
    close(*end);
    *end = -1;
}

static char number_at(size_t position)
{
    return (char)(position % 251);
}

static void ignore(int number)
{
    (void)number;
}

// Counts the bytes that arrive in order, until the end. After each recv it
// interrupts the sender, whose send(2) then sends a part, or fails with EINTR.
static void *count_in_order(void *context)
{
    size_t *count = context;
    char bytes[4096];
    ssize_t received;
    while ((received = recv(ends.client, bytes, sizeof bytes, 0)) > 0) {
        for (ssize_t i = 0; i < received; i++)
            if (bytes[i] == number_at(*count))
                (*count)++;
        pthread_kill(sender, SIGUSR1);
    }
    return NULL;
}

START_TEST(everything_is_sent_to_a_slow_client_despite_signals)
{
    const struct sigaction action = {.sa_handler = ignore}; // no SA_RESTART
    sigaction(SIGUSR1, &action, NULL);
    sender = pthread_self();
    size_t count = 0;
    pthread_t reader;
    char *bytes = malloc(MANY);
    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < MANY; i++)
        bytes[i] = number_at(i);
    ck_assert_int_eq(pthread_create(&reader, NULL, count_in_order, &count), 0);
    bool all_sent = net_send_all(ends.server, (struct slice){bytes, MANY});
    shutdown(ends.server, SHUT_WR);
    pthread_join(reader, NULL);
    free(bytes);
    ck_assert(all_sent);
    ck_assert_uint_eq(count, MANY);
}
END_TEST

START_TEST(sending_no_bytes_succeeds)
{
    ck_assert(net_send_all(ends.server, (struct slice){NULL, 0}));
    close_end(&ends.client);
    ck_assert(net_send_all(ends.server, (struct slice){NULL, 0}));
}
END_TEST

// The first send may succeed: only its reset shows that the client left.
START_TEST(sending_to_a_client_that_left_fails)
{
    struct slice bytes = SLICE("bytes");
    close_end(&ends.client);
    while (net_send_all(ends.server, bytes))
        ;
    ck_assert(errno == EPIPE || errno == ECONNRESET);
}
END_TEST

START_TEST(recv_fails_after_the_limit_on_silence)
{
    char byte;
    ck_assert_int_eq(net_limit_silence(ends.server, 20), 0);
    ck_assert_int_eq(recv(ends.server, &byte, 1, 0), -1);
    ck_assert(net_would_block());
    ck_assert_int_eq(send(ends.client, "x", 1, 0), 1);
    ck_assert_int_eq(net_limit_silence(ends.server, FOREVER), 0);
    ck_assert_int_eq(recv(ends.server, &byte, 1, 0), 1);
}
END_TEST

START_TEST(send_fails_after_the_limit_if_the_client_reads_nothing)
{
    char *bytes = calloc(1, MANY);
    struct slice many = {bytes, MANY};
    ck_assert_int_eq(net_limit_silence(ends.server, 20), 0);
    while (net_send_all(ends.server, many))
        ;
    ck_assert(net_would_block());
    free(bytes);
}
END_TEST

static const struct {
    int milliseconds;
    struct timeval set;
} limits[] = {
    {0, {0, 0}}, // without a limit
    {1000, {1, 0}},
    {1500, {1, 500000}},
    {3600000, {3600, 0}},
};

START_TEST(a_limit_is_in_milliseconds_and_0_removes_it)
{
    static const int options[] = {SO_RCVTIMEO, SO_SNDTIMEO};
    ck_assert_int_eq(net_limit_silence(ends.server, 20), 0);
    ck_assert_int_eq(net_limit_silence(ends.server, limits[_i].milliseconds),
                     0);
    for (int i = 0; i < 2; i++) {
        struct timeval set;
        socklen_t size = sizeof set;
        ck_assert_int_eq(
            getsockopt(ends.server, SOL_SOCKET, options[i], &set, &size), 0);
        ck_assert_int_eq(set.tv_sec, limits[_i].set.tv_sec);
        ck_assert_int_eq(set.tv_usec, limits[_i].set.tv_usec);
    }
}
END_TEST

START_TEST(a_descriptor_that_is_not_a_socket_has_no_limit)
{
    ck_assert_int_eq(net_limit_silence(-1, 1000), -1);
    ck_assert_int_eq(errno, EBADF);
}
END_TEST

// Expects the text and then the end: neither a reset nor silence.
static void must_receive(const char *text)
{
    char bytes[64] = {0};
    ssize_t length = recv(ends.client, bytes, strlen(text), MSG_WAITALL);
    ck_assert_msg(length >= 0, "recv: errno %d", errno);
    ck_assert_str_eq(bytes, text);
    length = recv(ends.client, bytes, 1, 0);
    ck_assert_msg(length == 0, "recv after it: %d, errno %d", (int)length,
                  errno);
}

static int error_of(int client)
{
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

// Closing with unread bytes would reset the connection. On Linux the client can
// still read what came before the reset; other systems discard the response.
START_TEST(a_response_survives_unread_bytes)
{
    static const char unread[32 * 1024];
    ck_assert_int_eq(send(ends.client, unread, sizeof unread, 0),
                     sizeof unread);
    ck_assert(net_send_all(ends.server, (struct slice)SLICE("response")));
    net_linger(ends.server);
    close_end(&ends.server);
    must_receive("response");
    ck_assert_int_eq(error_of(ends.client), 0);
}
END_TEST

// The end of the connection does not count as a byte.
START_TEST(only_unread_bytes_are_more)
{
    char byte;
    ck_assert(!net_has_more(ends.server));
    ck_assert_int_eq(send(ends.client, "x", 1, 0), 1);
    ck_assert(net_has_more(ends.server));
    ck_assert(net_has_more(ends.server));
    ck_assert_int_eq(recv(ends.server, &byte, 1, 0), 1);
    ck_assert(!net_has_more(ends.server));
    close_end(&ends.client);
    ck_assert(!net_has_more(ends.server));
}
END_TEST

static void *linger(void *context)
{
    net_linger(ends.server);
    return context;
}

// Most clients close when they see the end.
START_TEST(the_client_sees_the_end_while_the_server_lingers)
{
    pthread_t server;
    ck_assert(net_send_all(ends.server, (struct slice)SLICE("response")));
    ck_assert_int_eq(pthread_create(&server, NULL, linger, NULL), 0);
    must_receive("response");
    close_end(&ends.client);
    pthread_join(server, NULL);
}
END_TEST

// If each of them took its second, the test would take twice as long.
START_TEST(lingering_ends_at_once_if_the_client_left)
{
    enum { CLIENTS = 6 };
    int64_t start = clock_milliseconds();
    for (int i = 0; i < CLIENTS; i++) {
        struct ends other = open_ends();
        ck_assert_int_eq(send(other.client, "bytes", 5, 0), 5);
        close(other.client);
        net_linger(other.server);
        close(other.server);
    }
    ck_assert_int_lt(clock_milliseconds() - start, CLIENTS * LINGER / 2);
}
END_TEST

START_TEST(lingering_ends_after_a_second_of_silence)
{
    int64_t start = clock_milliseconds();
    net_linger(ends.server);
    ck_assert_int_ge(clock_milliseconds() - start, LINGER);
}
END_TEST

static void *send_without_end(void *context)
{
    static const char bytes[1024];
    while (send(ends.client, bytes, sizeof bytes, 0) > 0)
        ;
    return context;
}

// Here, a limit on silence would never be reached.
START_TEST(lingering_ends_although_the_client_goes_on_sending)
{
    pthread_t client;
    ck_assert_int_eq(pthread_create(&client, NULL, send_without_end, NULL), 0);
    net_linger(ends.server);
    close_end(&ends.server);
    pthread_join(client, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net");
    TCase *clients = tcase_create("clients");
    tcase_add_checked_fixture(clients, connect_ends, disconnect_ends);
    tcase_set_timeout(clients, 60);
    tcase_add_test(clients,
                   everything_is_sent_to_a_slow_client_despite_signals);
    tcase_add_test(clients, sending_no_bytes_succeeds);
    tcase_add_test(clients, sending_to_a_client_that_left_fails);
    tcase_add_test(clients, recv_fails_after_the_limit_on_silence);
    tcase_add_test(clients,
                   send_fails_after_the_limit_if_the_client_reads_nothing);
    unit_add_rows(clients, a_limit_is_in_milliseconds_and_0_removes_it, limits);
    tcase_add_test(clients, a_descriptor_that_is_not_a_socket_has_no_limit);
    tcase_add_test(clients, a_response_survives_unread_bytes);
    tcase_add_test(clients, only_unread_bytes_are_more);
    tcase_add_test(clients, the_client_sees_the_end_while_the_server_lingers);
    tcase_add_test(clients, lingering_ends_at_once_if_the_client_left);
    tcase_add_test(clients, lingering_ends_after_a_second_of_silence);
    tcase_add_test(clients, lingering_ends_although_the_client_goes_on_sending);
    suite_add_tcase(suite, clients);
    return unit_run(suite);
}
