#include "lib/service/observe.h"
#include "lib/base/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

enum { COLUMNS = 80 };                     // of a line, at most
enum { METHOD_SIZE = 12, PATH_SIZE = 24 }; // in bytes, with the NUL

bool observe_prints;

// Clients are numbered as they come. A socket's number is used again.
static int64_t *numbers; // of the client at each socket
static size_t numbers_count;

static int output;
static char line[2 * COLUMNS]; // what `output` has not taken yet
static size_t line_length;
static int64_t left_out; // lines since the last one that was printed

// With a description of our own, a terminal does not block us, and stays as it
// is for the shell and all others that use it.
static int open_output(void)
{
    const char *terminal = ttyname(STDOUT_FILENO);
    int own = terminal != NULL
                  ? open(terminal, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
                  : -1;
    return own >= 0 && own < FD_SETSIZE ? own : STDOUT_FILENO;
}

void observe_print(const struct options *options)
{
    observe_prints = !options->quiet;
    output = open_output();
}

// A pipe that is ready takes a short line whole. Not with poll(2), because
// macOS does not poll a terminal.
static bool is_ready(void)
{
    struct timeval at_once = {0};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(output, &set);
    return select(output + 1, NULL, &set, NULL, &at_once) == 1;
}

// Returns whether all of the line is printed, or never can be.
static bool send_line(void)
{
    ssize_t sent = is_ready() ? write(output, line, line_length) : 0;
    if (sent < 0)
        sent = errno == EAGAIN ? 0 : (ssize_t)line_length;
    line_length -= (size_t)sent;
    memmove(line, line + sent, line_length);
    return line_length == 0;
}

__attribute__((format(printf, 1, 2))) static void print_line(const char *format,
                                                             ...)
{
    if (!send_line()) {
        left_out++;
        return;
    }
    int length = 0;
    if (left_out > 0)
        length = snprintf(line, sizeof line,
                          "(%" PRId64
                          " lines left out: the terminal was too slow)\n",
                          left_out);
    left_out = 0;
    va_list values;
    va_start(values, format);
    length +=
        vsnprintf(line + length, sizeof line - (size_t)length, format, values);
    va_end(values);
    line_length = (size_t)length;
    send_line();
}

static void set_number(int client, int64_t number)
{
    size_t count = (size_t)client + 1;
    if (count > numbers_count) {
        int64_t *grown = realloc(numbers, 2 * count * sizeof *grown);
        if (grown == NULL)
            return;
        numbers = grown;
        while (numbers_count < 2 * count)
            numbers[numbers_count++] = 0;
    }
    numbers[client] = number;
}

// 0: there was no memory for it.
static int64_t number_of(int client)
{
    return (size_t)client < numbers_count ? numbers[client] : 0;
}

void observe_connected(int client)
{
    trace_instant("accept", client);
    metrics_add(METRIC_CONNECTIONS, 1);
    metrics_add(METRIC_OPEN_CONNECTIONS, 1);
    if (!observe_prints)
        return;
    set_number(client, metrics_get(METRIC_CONNECTIONS));
    print_line("client %" PRId64 " connected\n", number_of(client));
}

void observe_disconnected(int client)
{
    trace_instant("close", client);
    metrics_add(METRIC_OPEN_CONNECTIONS, -1);
    if (observe_prints)
        print_line("client %" PRId64 " disconnected\n", number_of(client));
}

// A rejected request has no parts, but it has a fault. What the client has
// written takes `size` bytes at most.
static void describe(char *text, size_t size,
                     const struct http_request *request)
{
    if (request == NULL) {
        snprintf(text, size, "(deferred)");
    } else if (request->detail != NULL) {
        snprintf(text, size, "(%s)", request->detail);
    } else {
        size_t length = printable(text, METHOD_SIZE, request->method);
        text[length++] = ' ';
        length += printable(text + length, PATH_SIZE, request->path);
        if (request->body.length > 0) {
            text[length++] = ' ';
            printable(text + length, size - length, request->body);
        }
    }
}

void observe_print_response(int client, const struct http_request *request,
                            const struct http_response *response)
{
    static const char format[] = "client %" PRId64 ": %s -> %d\n";
    char text[COLUMNS];
    int others =
        snprintf(NULL, 0, format, number_of(client), "", response->status);
    describe(text, sizeof text + 2 - (size_t)others, request);
    print_line(format, number_of(client), text, response->status);
}
