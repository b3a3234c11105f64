#include "lab/servers/listening.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

enum { STATE_LISTEN = 0x0A }; // in the kernel's numbers

#ifdef THAW_HAS_INET_DIAG

#include "lib/base/net.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <unistd.h>

struct question {
    struct nlmsghdr header;
    struct inet_diag_req_v2 sockets;
};

struct message {
    struct nlmsghdr header;
    struct inet_diag_msg socket;
};

static bool ask(int netlink, int family, int port)
{
    const struct question question = {
        .header = {.nlmsg_len = sizeof question,
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .sockets = {.sdiag_family = (uint8_t)family,
                    .sdiag_protocol = IPPROTO_TCP,
                    .idiag_states = 1U << STATE_LISTEN,
                    .id.idiag_sport = htons((uint16_t)port)},
    };
    return send(netlink, &question, sizeof question, 0) == sizeof question;
}

// The first message says it: a socket of this port, or that there is none. The
// kernel has it ready when the question is sent.
static enum listening take_message(int netlink, int port)
{
    struct message message = {0};
    ssize_t length = recv(netlink, &message, sizeof message, MSG_DONTWAIT);
    if (length < (ssize_t)sizeof message.header)
        return LISTENING_UNKNOWN;
    if (message.header.nlmsg_type == NLMSG_DONE)
        return LISTENING_NOT;
    if (message.header.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
        length < (ssize_t)sizeof message ||
        message.socket.id.idiag_sport != htons((uint16_t)port))
        return LISTENING_UNKNOWN;
    return LISTENING;
}

enum listening listening_by_netlink(int family, int port)
{
    int netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
    enum listening found = LISTENING_UNKNOWN;
    if (netlink < 0)
        return found;
    net_set_close_on_exec(netlink);
    if (ask(netlink, family, port))
        found = take_message(netlink, port);
    close(netlink);
    return found;
}

#else

enum listening listening_by_netlink(int family, int port)
{
    (void)family;
    (void)port;
    return LISTENING_UNKNOWN;
}

#endif

// What listens is first. In a line, "0100007F:1F90 00000000:0000 0A": address,
// port, and the state.
enum listening listening_by_proc(int family, int port)
{
    FILE *file =
        fopen(family == AF_INET6 ? "/proc/net/tcp6" : "/proc/net/tcp", "r");
    enum listening found = LISTENING_NOT;
    char line[256];
    if (file == NULL)
        return LISTENING_UNKNOWN;
    if (fgets(line, sizeof line, file) == NULL)
        line[0] = '\0';
    while (found == LISTENING_NOT && fgets(line, sizeof line, file) != NULL) {
        unsigned number;
        unsigned state;
        if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x", &number,
                   &state) != 2 ||
            state != STATE_LISTEN)
            break;
        if (number == (unsigned)port)
            found = LISTENING;
    }
    fclose(file);
    return found;
}

enum listening listening_on(int family, int port)
{
    enum listening found = listening_by_netlink(family, port);
    return found != LISTENING_UNKNOWN ? found : listening_by_proc(family, port);
}
