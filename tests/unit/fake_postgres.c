#include "tests/unit/fake_postgres.h"
#include "lib/base/net.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake fake;

static void put_number(struct buffer *out, uint32_t number)
{
    uint32_t bytes = htonl(number);
    buffer_add(out, (struct slice){(const char *)&bytes, sizeof bytes});
}

static void put_short(struct buffer *out, uint16_t number)
{
    uint16_t bytes = htons(number);
    buffer_add(out, (struct slice){(const char *)&bytes, sizeof bytes});
}

// With its NUL.
static void put_string(struct buffer *out, const char *text)
{
    buffer_add(out, (struct slice){text, strlen(text) + 1});
}

static void put_message(struct buffer *out, char type, struct buffer *body)
{
    buffer_add(out, (struct slice){&type, 1});
    put_number(out, (uint32_t)body->length + 4);
    buffer_add(out, buffer_slice(body));
    buffer_destroy(body);
}

static void put_ready(struct buffer *out)
{
    struct buffer body = {0};
    buffer_add_text(&body, "I");
    put_message(out, 'Z', &body);
}

static void put_parameter(struct buffer *out, const char *name,
                          const char *value)
{
    struct buffer body = {0};
    put_string(&body, name);
    put_string(&body, value);
    put_message(out, 'S', &body);
}

static void put_welcome(struct buffer *out)
{
    struct buffer body = {0};
    put_number(&body, 0); // AuthenticationOk
    put_message(out, 'R', &body);
    put_parameter(out, "server_version", "15.0");
    put_parameter(out, "server_encoding", "UTF8");
    put_parameter(out, "in_hot_standby", "off");
    put_parameter(out, "default_transaction_read_only", "off");
    put_ready(out);
}

static void put_complete(struct buffer *out)
{
    struct buffer body = {0};
    put_string(&body, "SELECT 1");
    put_message(out, 'C', &body);
}

static void put_row(struct buffer *out, const char *text)
{
    struct buffer body = {0};
    put_message(out, '2', &body); // BindComplete
    put_short(&body, 1);
    put_string(&body, "column");
    put_number(&body, 0);
    put_short(&body, 0);
    put_number(&body, 25); // text
    put_short(&body, 65535);
    put_number(&body, 0);
    put_short(&body, 0);
    put_message(out, 'T', &body);
    put_short(&body, 1);
    put_number(&body, (uint32_t)strlen(text));
    buffer_add_text(&body, text);
    put_message(out, 'D', &body);
    put_complete(out);
}

static void put_error(struct buffer *out, const char *severity,
                      const char *code)
{
    struct buffer body = {0};
    buffer_add_text(&body, "S");
    put_string(&body, severity);
    buffer_add_text(&body, "C");
    put_string(&body, code);
    buffer_add_text(&body, "M");
    put_string(&body, "the fake fails");
    put_string(&body, "");
    put_message(out, 'E', &body);
}

// libpq may have closed its end.
static void send_all(int socket, struct buffer *out)
{
    ssize_t sent = write(socket, out->bytes, out->length);
    ck_assert(sent == (ssize_t)out->length || errno == EPIPE ||
              errno == ECONNRESET);
    buffer_destroy(out);
}

// False: it closes the connection.
static bool respond(int socket)
{
    struct buffer out = {0};
    bool stays = true;
    fake.statements++;
    switch (fake.behaviour) {
    case FAKE_RESPONDS:
        put_row(&out, fake.text);
        put_ready(&out);
        break;
    case FAKE_IS_SILENT:
        return true;
    case FAKE_CLOSES:
        return false;
    case FAKE_HALF:
        put_row(&out, fake.text);
        break;
    case FAKE_ROW_CLOSES:
        put_row(&out, fake.text);
        stays = false;
        break;
    case FAKE_FAILS:
        put_error(&out, "ERROR", fake.text);
        put_ready(&out);
        break;
    case FAKE_ROW_FAILS:
        put_row(&out, fake.text);
        put_error(&out, "ERROR", fake.text);
        put_ready(&out);
        break;
    case FAKE_DIES:
        put_error(&out, "FATAL", fake.text);
        stays = false;
        break;
    }
    send_all(socket, &out);
    return stays;
}

static void respond_to_own(int socket)
{
    struct buffer out = {0};
    put_row(&out, fake.jobs);
    put_ready(&out);
    send_all(socket, &out);
}

static void respond_to_setup(int socket)
{
    struct buffer out = {0};
    fake.setups++;
    if (fake.rejects_setup)
        put_error(&out, "ERROR", "42P01");
    else
        put_complete(&out);
    put_ready(&out);
    send_all(socket, &out);
}

// False: the connection ends.
static bool receive_message(struct fake_connection *connection, char type)
{
    struct buffer out = {0};
    if (!connection->is_started) {
        connection->is_started = true;
        put_welcome(&out);
        send_all(connection->socket, &out);
    } else if (type == 'Q') {
        respond_to_setup(connection->socket);
    } else if (type == 'B') { // Bind: an empty name, and the statement's
        const char *name = connection->in.bytes + 6;
        connection->is_own =
            strcmp(name, "waiting") == 0 || strcmp(name, "expire") == 0;
    } else if (type == 'S' && connection->is_own) {
        respond_to_own(connection->socket);
    } else if (type == 'S') { // Sync, after Bind, Describe and Execute
        return respond(connection->socket);
    }
    return type != 'X'; // Terminate
}

// The startup message alone has no type. Returns the length of the first
// message; 0: it is not complete.
static size_t first_message(const struct fake_connection *connection)
{
    const struct buffer *in = &connection->in;
    size_t type = connection->is_started ? 1 : 0;
    uint32_t length;
    if (in->length < type + sizeof length)
        return 0;
    memcpy(&length, in->bytes + type, sizeof length);
    size_t total = type + ntohl(length);
    return total <= in->length ? total : 0;
}

static short close_connection(struct fake_connection *connection)
{
    close(connection->socket);
    buffer_destroy(&connection->in);
    *connection = (struct fake_connection){.socket = -1};
    fake.open--;
    return LOOP_REMOVE;
}

static short on_bytes(void *context, short revents)
{
    (void)revents;
    struct fake_connection *connection = context;
    char bytes[4096];
    ssize_t count = read(connection->socket, bytes, sizeof bytes);
    if (count < 0 && net_would_block())
        return POLLIN;
    if (count <= 0)
        return close_connection(connection);
    buffer_add(&connection->in, (struct slice){bytes, (size_t)count});
    size_t length;
    while ((length = first_message(connection)) > 0) {
        if (!receive_message(connection, connection->in.bytes[0]))
            return close_connection(connection);
        buffer_remove_front(&connection->in, length);
    }
    return POLLIN;
}

static short on_connect(void *context, short revents)
{
    (void)context, (void)revents;
    if (fake.listener < 0)
        return LOOP_REMOVE;
    int socket = net_accept_nonblocking(fake.listener);
    if (socket < 0)
        return POLLIN;
    struct fake_connection *connection = fake.each;
    while (connection->socket >= 0)
        connection++;
    ck_assert(connection < fake.each + FAKE_CONNECTIONS_MAX);
    connection->socket = socket;
    fake.connections++;
    fake.open++;
    ck_assert_int_eq(loop_register(fake.loop, socket, on_bytes, connection), 0);
    return POLLIN;
}

static void listen_on(int port)
{
    char url[NET_URL_SIZE];
    fake.listener = net_listen("127.0.0.1", port);
    ck_assert_int_ge(fake.listener, 0);
    ck_assert_int_eq(net_set_nonblocking(fake.listener), 0);
    ck_assert_int_eq(net_url(fake.listener, url), 0);
    fake.port = (int)strtol(strrchr(url, ':') + 1, NULL, 10);
    ck_assert_int_eq(loop_register(fake.loop, fake.listener, on_connect, NULL),
                     0);
}

void fake_start(struct loop *loop)
{
    fake = (struct fake){.loop = loop, .text = "accepted", .jobs = "0"};
    for (int i = 0; i < FAKE_CONNECTIONS_MAX; i++)
        fake.each[i].socket = -1;
    listen_on(0);
}

void fake_restart(void)
{
    listen_on(fake.port);
}

void fake_move(void)
{
    listen_on(0);
}

// Their callbacks see the end, and close them.
void fake_close_connections(void)
{
    for (int i = 0; i < FAKE_CONNECTIONS_MAX; i++)
        if (fake.each[i].socket >= 0)
            shutdown(fake.each[i].socket, SHUT_RDWR);
}

void fake_stop(void)
{
    int listener = fake.listener;
    fake.listener = -1;
    loop_wake(fake.loop, listener);
    fake_close_connections();
    close(listener);
}

void fake_get_ready(void)
{
    struct buffer out = {0};
    put_ready(&out);
    for (int i = 0; i < FAKE_CONNECTIONS_MAX; i++)
        if (fake.each[i].socket >= 0)
            send_all(fake.each[i].socket, &out);
}

const char *fake_conninfo(void)
{
    static char conninfo[200];
    snprintf(conninfo, sizeof conninfo,
             "hostaddr=127.0.0.1 port=%d user=a dbname=a sslmode=disable "
             "gssencmode=disable",
             fake.port);
    return conninfo;
}
