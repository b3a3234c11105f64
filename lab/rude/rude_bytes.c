// Rude clients whose bytes are too many, or not HTTP. Each is rejected with the
// right status, and none delays other clients.

#include "lab/rude/rude.h"
#include "lab/rude/rude_experiments.h"

#include <stdint.h>

enum { ROUNDS = 1000 };

// One field after the other, until the server rejects them.
static void send_fields(struct run *run, struct client *client)
{
    enum { FIELDS_MAX = 10000 };
    char value[1000];
    struct buffer field = {0};
    memset(value, 'x', sizeof value);
    buffer_add_text(&field, "X-More: ");
    buffer_add(&field, (struct slice){value, sizeof value});
    buffer_add_text(&field, "\r\n");
    client_send(client, slice_of("GET /health HTTP/1.1\r\nHost: lab\r\n"));
    for (int i = 0; i < FIELDS_MAX && client->status == 0; i++) {
        client_send(client, buffer_slice(&field));
        client_wait(client, 1);
    }
    rude_expect_rejection(run, client, (struct slice){NULL, 0}, 431);
    buffer_destroy(&field);
}

void endless_header(struct run *run)
{
    rude_perform(run, &(struct rude){.come = send_fields, .rounds = 40});
}

static void send_many_fields(struct run *run, struct client *client)
{
    struct buffer request = {0};
    buffer_add_text(&request, "GET /health HTTP/1.1\r\nHost: lab\r\n");
    for (int i = 0; i < 10000; i++)
        buffer_add_text(&request, "a: b\r\n");
    buffer_add_text(&request, "\r\n");
    rude_expect_rejection(run, client, buffer_slice(&request), 431);
    buffer_destroy(&request);
}

void many_fields(struct run *run)
{
    rude_perform(run,
                 &(struct rude){.come = send_many_fields, .rounds = ROUNDS});
}

static void announce_huge_body(struct run *run, struct client *client)
{
    rude_expect_rejection(run, client,
                          slice_of("POST / HTTP/1.1\r\nHost: lab\r\n"
                                   "Content-Length: 1073741824\r\n\r\nhello"),
                          413);
}

void huge_body(struct run *run)
{
    rude_perform(run,
                 &(struct rude){.come = announce_huge_body, .rounds = ROUNDS});
}

// The bytes after the body are rejected as a second request. A server without
// keep-alive ignores them, because it closes after its response.
static void send_too_much(struct run *run, struct client *client)
{
    static const char request[] = "POST / HTTP/1.1\r\nHost: lab\r\n"
                                  "Content-Length: 2\r\n\r\nhi, and more\r\n";
    client_send(client, slice_of(request));
    if (!client_wait(client, rude_limit_ms()))
        rude_fault(run, "no response");
    client_next(client);
    if (run_has(run, HAS_KEEP_ALIVE))
        rude_expect_rejection(run, client, (struct slice){NULL, 0}, 400);
    else if (!client_wait_end(client, rude_limit_ms()))
        rude_fault(run, "stays open");
    client_close(client);
}

void long_body(struct run *run)
{
    rude_perform(run, &(struct rude){.come = send_too_much, .rounds = ROUNDS});
}

// A client that is still sending when its bytes are rejected. A server that
// closes at once resets the connection, and then the system may discard the
// response (RFC 9112, 9.6).
static void send_long_noise(struct run *run, struct client *client)
{
    static char noise[1000 * 1000];
    memset(noise, 'x', sizeof noise);
    noise[98] = '\r';
    noise[99] = '\n';
    client_send(client, (struct slice){noise, sizeof noise});
    client_flush(client, rude_limit_ms());
    client_wait(client, rude_limit_ms());
    bool is_rejected = client->status == 400;
    client_wait_end(client, rude_limit_ms());
    if (client->was_reset)
        rude_fault(run, "reset");
    else if (!is_rejected)
        rude_fault(run, "not rejected");
    client_close(client);
}

void long_noise(struct run *run)
{
    rude_perform(run, &(struct rude){.come = send_long_noise, .rounds = 20});
}

// Pseudo-random, and the same in every run (Marsaglia, "Xorshift RNGs", 2003).
static unsigned char next_byte(void)
{
    static uint32_t state = 2463534242U;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (unsigned char)state;
}

static void send_odd_bytes(struct run *run, struct client *client)
{
    char bytes[4096] = {0};
    rude_expect_rejection(run, client, (struct slice){bytes, 100}, 400);
    client_open(client, run->server.port);
    memset(bytes, 0xff, sizeof bytes);
    bytes[98] = '\r';
    bytes[99] = '\n';
    rude_expect_rejection(run, client, (struct slice){bytes, 100}, 400);
    client_open(client, run->server.port);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)next_byte();
    rude_expect_rejection(run, client, (struct slice){bytes, sizeof bytes},
                          400);
}

void odd_bytes(struct run *run)
{
    rude_perform(run, &(struct rude){.come = send_odd_bytes, .rounds = ROUNDS});
}

// A handshake record with the version of TLS 1.0, and in it a ClientHello
// (RFC 8446, 4.1.2 and 5.1).
static void send_hello(struct run *run, struct client *client)
{
    static const char hello[] = "\x16\x03\x01\x00\x31\x01\x00\x00\x2d\x03\x03"
                                "0123456789abcdef0123456789abcdef"
                                "\x00\x00\x02\x13\x01\x01\x00\x00\x02\x00\x00";
    rude_expect_rejection(run, client, (struct slice){hello, sizeof hello - 1},
                          400);
}

void tls_hello(struct run *run)
{
    rude_perform(run, &(struct rude){.come = send_hello, .rounds = ROUNDS});
}

// The preface of RFC 9113, 3.4, and an empty SETTINGS frame.
static void send_preface(struct run *run, struct client *client)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                                  "\0\0\0\4\0\0\0\0";
    rude_expect_rejection(run, client, (struct slice){preface, sizeof preface},
                          505);
}

void http2_preface(struct run *run)
{
    rude_perform(run, &(struct rude){.come = send_preface, .rounds = ROUNDS});
}
