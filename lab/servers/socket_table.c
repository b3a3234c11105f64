#include "lab/servers/socket_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

// States as Linux numbers them (include/net/tcp_states.h).
enum { ESTABLISHED = 0x01, CLOSE_WAIT = 0x08, LISTEN = 0x0A };

struct line {
    const char *address; // in hexadecimal digits: 8, or 32 for IPv6
    const char *after;   // the state
    int port;
    unsigned state;
};

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

// Each word of an address is printed as a number of this machine.
static void read_address(const char *digits, uint32_t address[4])
{
    enum { DIGITS = 8 };
    size_t length = strcspn(digits, ":");
    for (size_t i = 0; i < 4 && (i + 1) * DIGITS <= length; i++) {
        char word[DIGITS + 1] = "";
        memcpy(word, digits + i * DIGITS, DIGITS);
        address[i] = (uint32_t)strtoul(word, NULL, 16);
    }
}

static FILE *open_table(int family)
{
    char names[256]; // of the columns
    FILE *file =
        fopen(family == AF_INET6 ? "/proc/net/tcp6" : "/proc/net/tcp", "r");
    if (file != NULL && fgets(names, sizeof names, file) == NULL) {
        fclose(file);
        return NULL;
    }
    return file;
}

bool socket_table_listeners(int family, socket_table_found *found,
                            void *context)
{
    char text[256];
    struct line line;
    FILE *file = open_table(family);
    if (file == NULL)
        return false;
    while (fgets(text, sizeof text, file) != NULL && split(text, &line) &&
           line.state == LISTEN) {
        struct listener listener = {0};
        read_address(line.address, listener.address);
        if (queue_and_inode(&line, &listener.backlog, &listener.inode))
            found(line.port, &listener, context);
    }
    fclose(file);
    return true;
}

void socket_table_accepted(int family, struct buffer *accepted)
{
    char text[256];
    struct line line;
    FILE *file = open_table(family);
    if (file == NULL)
        return;
    while (fgets(text, sizeof text, file) != NULL) {
        struct accepted one;
        int queue;
        if (!split(text, &line) ||
            (line.state != ESTABLISHED && line.state != CLOSE_WAIT))
            continue;
        one.port = line.port;
        if (queue_and_inode(&line, &queue, &one.inode) &&
            one.inode != 0) // 0: the server has not accepted it yet
            buffer_add(accepted,
                       (struct slice){(const char *)&one, sizeof one});
    }
    fclose(file);
}
