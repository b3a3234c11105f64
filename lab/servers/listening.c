#include "lab/servers/listening.h"

#include <sys/socket.h>

#ifdef THAW_HAS_INET_DIAG

#include "lib/base/net.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum { STATE_LISTEN = 0x0A }; // in the kernel's numbers

struct question {
    struct nlmsghdr header;
    struct inet_diag_req_v2 sockets;
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

struct dump {
    int port;
    listening_found *found;
    void *context;
    bool is_complete; // no more messages
};

// False: it does not say what was asked.
static bool take_message(const struct nlmsghdr *header, struct dump *dump)
{
    struct inet_diag_msg message;
    if (header->nlmsg_type == NLMSG_DONE) {
        dump->is_complete = true;
        return true;
    }
    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
        header->nlmsg_len < NLMSG_LENGTH(sizeof message))
        return false;
    memcpy(&message, NLMSG_DATA(header), sizeof message);
    if (message.id.idiag_sport != htons((uint16_t)dump->port))
        return false;
    struct listener listener = {.inode = message.idiag_inode,
                                .backlog = (int)message.idiag_rqueue};
    memcpy(listener.address, message.id.idiag_src, sizeof listener.address);
    dump->found(&listener, dump->context);
    return true;
}

// The kernel has them ready when it is asked.
static bool take_messages(int netlink, struct dump *dump)
{
    union {
        struct nlmsghdr first;
        char bytes[16384];
    } messages;
    while (!dump->is_complete) {
        ssize_t length =
            recv(netlink, &messages, sizeof messages, MSG_DONTWAIT);
        if (length <= 0)
            return false;
        size_t left = (size_t)length;
        const struct nlmsghdr *header = &messages.first;
        for (; !dump->is_complete && NLMSG_OK(header, left);
             header = NLMSG_NEXT(header, left))
            if (!take_message(header, dump))
                return false;
    }
    return true;
}

bool listening_sockets(int family, int port, listening_found *found,
                       void *context)
{
    struct dump dump = {port, found, context, false};
    int netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
    if (netlink < 0)
        return false;
    net_set_close_on_exec(netlink);
    bool is_known = ask(netlink, family, port) && take_messages(netlink, &dump);
    close(netlink);
    return is_known;
}

#else

bool listening_sockets(int family, int port, listening_found *found,
                       void *context)
{
    (void)family;
    (void)port;
    (void)found;
    (void)context;
    return false;
}

#endif

static void note_one(const struct listener *listener, void *context)
{
    (void)listener;
    *(enum listening *)context = LISTENING;
}

enum listening listening_by_netlink(int family, int port)
{
    enum listening found = LISTENING_NOT;
    bool is_known = listening_sockets(family, port, note_one, &found);
    return is_known ? found : LISTENING_UNKNOWN;
}

struct sought {
    int port;
    enum listening found;
};

static void compare(int port, const struct listener *listener, void *context)
{
    struct sought *sought = context;
    (void)listener;
    if (port == sought->port)
        sought->found = LISTENING;
}

enum listening listening_by_proc(int family, int port)
{
    struct sought sought = {port, LISTENING_NOT};
    bool is_known = socket_table_listeners(family, compare, &sought);
    return is_known ? sought.found : LISTENING_UNKNOWN;
}

enum listening listening_on(int family, int port)
{
    enum listening found = listening_by_netlink(family, port);
    return found != LISTENING_UNKNOWN ? found : listening_by_proc(family, port);
}
