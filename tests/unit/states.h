#ifndef THAW_TESTS_UNIT_STATES_H
#define THAW_TESTS_UNIT_STATES_H

// states.h - the state of the newest connection, and what it waits for

#include "tests/unit/clients.h"

#include <check.h>
#include <sys/socket.h>

enum {
    SMALL_SOCKET = 8 * 1024, // in bytes
    LARGE = 32 * 1024,       // in bytes: a small socket does not take it
};

static inline void make_sockets_small(const struct client *client)
{
    static const int room = SMALL_SOCKET;
    setsockopt(client->conn->socket, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    setsockopt(client->socket, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
}

static const struct {
    const char *name;
    short events; // none: the connection waits for loop_wake
} wanted[CONN_STATES] = {
    [CONN_IDLE] = {"IDLE", POLLIN},
    [CONN_HEADER] = {"HEADER", POLLIN},
    [CONN_BODY] = {"BODY", POLLIN},
    [CONN_RESPONDING] = {"RESPONDING", 0},
    [CONN_DEFERRED] = {"DEFERRED", 0},
    [CONN_SENDING] = {"SENDING", POLLOUT},
    [CONN_LINGERING] = {"LINGERING", POLLIN},
    [CONN_CLOSED] = {"CLOSED", 0},
};

static inline void expect_state(enum conn_state state)
{
    const struct conn *conn = server.conns.first;
    ck_assert_ptr_nonnull(conn);
    ck_assert_msg(conn->state == state, "%s, expected %s",
                  wanted[conn->state].name, wanted[state].name);
    const struct pollfd *interest = &server.loop.interest[conn->socket];
    int events = interest->fd < 0 ? 0 : interest->events;
    ck_assert_msg(events == wanted[state].events, "%s waits for events %d",
                  wanted[state].name, events);
}

static inline void expect_closed(void)
{
    clients_iterate(1);
    ck_assert_int_eq(server.conns.count, 0);
}

// The server has one iteration for the bytes.
static inline void send_expect(const struct client *client, const char *bytes,
                               enum conn_state state)
{
    client_send(client, bytes);
    clients_iterate(1);
    expect_state(state);
}

// The client reads until its connection has nothing more to send.
static inline void read_expect(struct client *client, enum conn_state state)
{
    while (server.conns.first->state == CONN_SENDING) {
        client_receive(client);
        clients_iterate(1);
    }
    expect_state(state);
}

#endif
