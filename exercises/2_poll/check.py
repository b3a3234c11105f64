#!/usr/bin/env python3
"""The steps of exercise 2: one thread waits for all clients in poll(2).

    check.py STEP SERVER

black_box.py, one directory up, says how a step works and what it prints.
"""

import pathlib
import random
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from black_box import (CLOSED, ENDED, LARGE, NO_TEXT, Observed,
                       by_hand_instead, expect, expect_echo, expect_memory,
                       fault, is_more_than, run, shown, until)

CLIENTS = 1100
CLIENTS_MAX = 1000  # for which sketch.c has room
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

BEYOND = (f"polled and in have room for {CLIENTS_MAX:,} clients. When count is "
          "1 + CLIENTS_MAX, polled[count] is beyond the end of the array: "
          "accept_client closes the client, and adds nothing")
NONE = ("net_accept_nonblocking returned -1: there is no client, because no "
        "descriptor was free, or because it has left. accept_client adds an "
        "entry for a descriptor only, so look at the result first. It is no "
        "reason to end: while the server runs, it waits for the next client")
BUSY = ("poll returns at once, again and again. Is its time limit -1, and is "
        "count the number of entries? It reports a client until its bytes are "
        "received, and one that has left until its entry is removed; its "
        "revents may be POLLHUP or POLLERR then, so look whether they are 0. "
        "recv says that a client has left: 0, or -1 other than EAGAIN")
DIED = ("the server ended because a client left. What happens to one client "
        "ends that client only: no exit after recv or send. Nor is EINTR a "
        "fault, after which poll is called again")


def post(body):
    return (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
            % len(body)) + body


def good(server, sent, likely, body=b"hello"):
    """One client, which gets its response whatever the others do."""
    client = server.client(sent, DIED)
    client.send(post(body))
    expect_echo(client, body,
                lambda it: DIED if it.ended else
                likely(it) if callable(likely) else likely,
                sent=f"{sent}: {shown(post(body))}")


def many(server):
    """More in all than there is room for at once."""
    for _ in range(CLIENTS):
        server.client().close()
    good(server, f"nothing, by {CLIENTS} clients, which left one after the "
         "other; then by another one",
         lambda it: BUSY if server.is_busy() else
         "the array is full of clients that have left. remove_client makes "
         "count one less, and accept_client adds an entry only for a client")


def is_idle(server, sent):
    """A server that waits in poll uses no processor."""
    if server.is_busy():
        fault(sent, "the server uses the processor all the time",
              "it waits in poll, and uses none", BUSY)


# --- The steps --------------------------------------------------------------


def echo(server):
    for number, (request, body) in enumerate(
            [(GET, b""), (post(b"hello"), b"hello"),
             (post(b"again"), b"again")]):
        client = server.client()
        client.send(request)

        def why(received, number=number):
            if received.ended:
                return ENDED
            if received.is_silent and number > 0:
                return ("the first client was accepted, and this one was "
                        "not. The listening socket is entry 0 of what poll "
                        "looks at: each time it is ready, accept a client")
            if received.is_silent:
                return ("is there an entry for the client in `polled`, "
                        "with events = POLLIN? Is receive called when its "
                        "revents are not 0? And does accept_client return? It "
                        "accepts one client; only poll may wait")
            if received.is_waiting:
                return ("the response says Connection: close, and the "
                        "connection stays open. After receive has returned "
                        "false, remove_client closes it")
            if received.was_reset:
                return CLOSED
            if received.status is None:
                return ("the connection was closed without a response: "
                        "receive calls respond when the parser says DONE")
            if received.status == 200 and number > 0:
                return ("this is the response to an earlier client: its bytes "
                        "are still in in[i]. remove_client leaves an empty "
                        "buffer there, all zero")
            return "respond_echo makes the response to a request"
        expect_echo(client, body, why, sent=f"by client {number + 1}: "
                    f"{shown(request)}")
    client = server.client()
    client.send(b"Hello, is this a server?\r\n\r\n")
    expect(client, "400, then the end of the connection",
           lambda it: it.status == 400 and not it.is_waiting,
           "the parser says REJECTED: respond_rejected makes the response, "
           "and the client is done")
    client = server.client()
    client.send(post(b"hello").replace(b"POST", b"HEAD"))
    expect(client, "200, Content-Length: 5, and no body",
           lambda it: it.status == 200 and it.length == 5 and not it.body,
           "a response to HEAD has no body, only its length: pass true for "
           "is_head to http_write_response")


def silent(server):
    others = [server.client() for _ in range(20)]
    for number in 1, 2:
        good(server, f"nothing, by {len(others)} clients; then by "
             f"another one, request {number}",
             lambda it: BUSY if it.is_silent and server.is_busy() else
             "the server waits for a client that is silent. Is recv called "
             "for an entry whose revents are 0? Only poll may wait")
    is_idle(server, f"nothing, by {len(others)} clients")
    for other in others:
        if other.has_some():
            expect(other, "nothing: a client may be silent",
                   lambda it: False,
                   "a client is done when it has left, or has its response",
                   sent="nothing, and the connection stays open")


def halves(server):
    """Three requests, a byte at a time, and others that need not wait. The last
    client is done first, so that no entry moves: that is for `moved`."""
    alone(server)
    clients = [(server.client(), post(b"client %d" % number))
               for number in (1, 2, 3)]
    size = len(clients[0][1])
    for at in range(size):
        for client, request in reversed(clients):
            if client.has_some():
                expect(client, "no response before the request is complete",
                       lambda it: False, early,
                       sent=f"{shown(request[:max(at, 1)])}, by 3 clients, "
                       "which each send a byte in turn")
            client.send(request[at:at + 1])
            server.settle()
        if at in (20, 40):
            good(server, f"{at + 1} bytes of a request, by 3 clients; then "
                 "by another one",
                 lambda it: BUSY if it.is_silent and server.is_busy() else
                 "the server waits for the other half of a request. When "
                 "the parser says MORE, receive returns to the loop: the "
                 "bytes stay in in[i], and poll says when there are more. "
                 "A loop around recv blocks, or ends in EAGAIN")
    for client, request in clients:
        expect_echo(client, request[-8:], mixed,
                    sent="by one of 3 clients, which each send a byte in "
                    f"turn: {shown(request)}")


def alone(server):
    """There are no bytes of other clients: are there more than were sent?"""
    good(server, "by the first client", "see step 2.1")
    client = server.client()
    request = post(b"client 0")
    for at in range(len(request)):
        client.send(request[at:at + 1])
        server.settle()
        if at < len(request) - 1 and client.has_some():
            expect(client, "no response before the request is complete",
                   lambda it: False,
                   lambda it: NO_TEXT.format("in[i]")
                   if is_more_than(client.sent, it) else early(it),
                   sent=f"only {shown(client.sent)}, a byte at a time")
    expect_echo(client, b"client 0", mixed,
                sent=f"{shown(request)}, a byte at a time")


def early(received):
    if received.status == 400:
        return ("half a request is no fault: while the parser says MORE, there "
                "is no response. Does it see this client's bytes, all of them "
                "and no others? Each client has a buffer of its own, in[i]")
    return ("half a request was here, and the connection was closed. MORE "
            "means that the client is not done. And EAGAIN (net_would_block) "
            "says only that nothing is here now: it is no end")


def mixed(received):
    if received.is_silent:
        return ("all bytes were sent, and the parser did not see all of them. "
                "Each client has a buffer of its own, in[i], to which its "
                "bytes are appended")
    return ("bytes of several clients are in one buffer, or a client's bytes "
            "in another one's. Each client has a buffer of its own, in[i]")


def gone(server):
    half = post(b"hello")[:-2]
    good(server, "by the first client", "see step 2.1")
    server.settle()
    before = server.descriptors()
    for end, how in ("close", "closed"), ("reset", "were reset"):
        for data in b"", half, post(b"hello"):
            sent = (f"{shown(data) if data else 'nothing'}, by 5 clients, "
                    f"which then {how}")
            clients = [server.client() for _ in range(5)]
            for client in clients:
                client.send(data)
            server.settle()
            for client in clients:
                getattr(client, end)()
            good(server, f"{sent}; then by another one",
                 lambda it: BUSY if server.is_busy() else
                 "the clients that left are in the way")
            server.settle()
            is_idle(server, sent)
            expect_descriptors(server, before, sent)
    many(server)
    releases(server)
    closing = server.client()
    closing.send(half)
    closing.half_close()
    expect(closing, "nothing or 400, then the end of the connection",
           lambda it: it.is_closed and it.status in (None, 400)
           and bool(it.data) == bool(it.status),
           lambda it: BUSY if server.is_busy() else
           "recv returned 0: the client sends no more. It is done",
           sent=f"{shown(half)}, then the end (shutdown); it still reads")
    is_idle(server, "nothing more: all clients have left")


def releases(server):
    """The memory of a client that left, and of a response."""
    large = post(b"x" * LARGE)

    def leave():
        client = server.client()
        client.send(large[:-1])
        server.settle()
        client.close()

    def stay():
        client = server.client()
        client.send(large)
        client.receive()
        client.close()
    expect_memory(server, leave, f"{shown(large)}, without its last byte; then "
                  "the client left",
                  "each client's bytes are in in[i], and their memory is to be "
                  "released: remove_client calls buffer_destroy")
    expect_memory(server, stay, shown(large),
                  "a response has memory, too: respond calls buffer_destroy "
                  "for each buffer that it uses, `out` and response.text")


def expect_descriptors(server, before, sent):
    """All clients have left, and the last one got its response."""
    now = server.descriptors_are(before)
    if now != before:
        fault(sent, f"the server has {now} descriptors open, and had {before} "
              "before them", f"{before} again",
              "a client that is done is closed: remove_client calls close, for "
              "each client once")


def moved(server):
    """Clients leave, while others that come after them in the array go on."""
    together(server)
    crowd(server)
    for left in range(4):
        good(server, "by a client after all that", "see step 2.1",
             body=b"x" * left * 5000)
    is_idle(server, "nothing more: all clients have left")


def together(server):
    """In one iteration, one entry is removed and the last one, which moves into
    its place, has bytes."""
    for gone_at in range(5):
        bodies = [b"client %d" % number for number in range(5)]
        clients = [server.client() for _ in bodies]
        for client, body in zip(clients, bodies):
            client.send(post(body)[:-3])
        server.settle()
        with server.stopped():  # so that poll reports all of it at once
            for number, (client, body) in enumerate(zip(clients, bodies)):
                if number == gone_at:
                    client.reset()
                else:
                    client.send(post(body)[-3:-1])
        server.settle()
        others = [(client, body) for number, (client, body)
                  in enumerate(zip(clients, bodies)) if number != gone_at]
        for client, body in others:
            client.send(post(body)[-1:])
            expect_echo(
                client, body, lost,
                sent=f"by 5 clients, most of a request; then, at once, client "
                f"{gone_at + 1} left and the others sent more; then this one "
                f"the last byte of {shown(post(body))}")


def lost(received):
    if received.ended:
        return DIED
    return ("remove_client moves the last entry to i, so that the array has no "
            "gap. Its buffer must move with it: in[i] = in[count], and then "
            "in[count] is empty. And the loop must meet each entry once: from "
            "the last to the first it does; forwards, the moved entry is at i "
            "now, and count is one less")


def crowd(server):
    dice = random.Random(2)
    for _ in range(2):
        bodies = [b"%d" % number * (1 + number % 40) for number in range(60)]
        clients = [(server.client(), body) for body in bodies]
        for client, body in clients:
            client.send(post(body)[:20 + len(body) % 20])
        dice.shuffle(clients)
        for number, (client, body) in enumerate(clients):
            if number % 3 == 0:
                client.close()
            elif number % 3 == 1:
                client.reset()
            else:
                client.send(post(body)[20 + len(body) % 20:])
        for number, (client, body) in enumerate(clients):
            if number % 3 == 2:
                expect_echo(client, body, lost,
                            sent="half a request by 60 clients; then 40 leave, "
                            f"and 20 go on, this one with {shown(post(body))}")


def full(server):
    """One client more than there are entries; before it, one for which there is
    no descriptor."""
    sent = f"nothing, by {CLIENTS_MAX - 1:,} clients, which stay"
    server.settle()
    before = server.descriptors()
    clients = [server.client(sent, BEYOND) for _ in range(CLIENTS_MAX - 1)]
    has_descriptors(server, before, len(clients))
    no_descriptor(server, f"{sent}; then by one more, while the server may have"
                  " no more descriptors (EMFILE)")
    clients.append(server.client(sent, BEYOND))
    last = server.client(sent, BEYOND)
    expect(last, "no byte, and the end of the connection",
           lambda it: it.is_closed and not it.data, BEYOND,
           sent=f"nothing, by {CLIENTS_MAX:,} clients, which stay; then by one "
           "more", received=without_crash(last))
    clients.pop(0).close()
    has_descriptors(server, before, len(clients))
    good(server, f"nothing, by {CLIENTS_MAX:,} clients, of which one left; then"
         " by another one",
         "there is room again for one: remove_client makes count one less")


def no_descriptor(server, sent):
    with server.without_descriptors():
        before = server.seconds_used()
        client = server.client(sent, NONE)
        # The server is told again and again of a client that it cannot accept.
        until(lambda: server.seconds_used() > before + 0.05
              or server.has_ended(), 0.5)
    client.send(post(b"hello"))
    expect_echo(client, b"hello", NONE, received=without_crash(client),
                sent=f"{sent}; and then, when it may, {shown(post(b'hello'))}")


def has_descriptors(server, before, clients):
    """It has accepted so many, and closed the others."""
    server.settle()
    if before is not None:
        server.descriptors_are(before + clients)


def without_crash(client):
    """What is beyond an array may be anything: a crash says less than this."""
    received = client.receive()
    received.crash = None
    return received


def fails(server):
    """Calls that fail once, each in a server of its own."""
    for call, (name, likely) in FAULTS.items():
        by_hand_instead(f"""
THAW_FAULT={call} build/exercises/faulty_2_poll
and in another terminal, twice:
curl --max-time 3 -i http://127.0.0.1:{{port}}/ -d hello
""")
        with Observed(server.command, fault=call) as other:
            sent = f"{shown(post(b'hello'))}; {name}"
            client = other.client(sent, likely)
            client.send(post(b"hello"))
            if call == "buffer_add":
                expect(client, "the end of the connection, or a 5xx",
                       lambda it: not it.ended and not it.is_waiting and
                       it.status in (None, 500, 503), likely, sent=sent)
            else:
                expect_echo(client, b"hello", likely, sent=sent)
            good(other, f"{sent}; then by another one", likely)
            is_idle(other, f"{sent}; then nothing")


FAULTS = {
    "poll": ("the first call of poll returns -1 with EINTR",
             "a signal interrupts poll: -1, and errno is EINTR. That is no "
             "fault. Call poll again; only another error ends the loop"),
    "accept": ("the first call of net_accept_nonblocking returns -1 with "
               "ECONNABORTED", NONE),
    "recv": ("the first call of recv returns -1 with EAGAIN, although poll "
             "reported the client",
             "nothing is here now, that is all: \"ready\" is a hint. When "
             "net_would_block(), receive returns true, and poll says when to "
             "look again"),
    "buffer_add": ("the first call of buffer_add finds no memory",
                   "buffer_add returns nothing: in[i].failed is set when there "
                   "was no memory. Then bytes of the request are missing, and "
                   "receive returns false"),
}


README = "stage2_async/README.md"
START = """
build/stage2_async/stage2_sketch
and in another terminal:"""
EXPLANATIONS = {
    "echo": (f"{README}, 'Read it'; man 2 poll", START + r"""
curl --max-time 3 -i http://127.0.0.1:{port}/ -d hello
"""),
    "silent": (f"{README}, 'Read it'; man 2 poll",
               START + r"""
sleep 30 | nc 127.0.0.1 {port} &
curl --max-time 3 -i http://127.0.0.1:{port}/ -d hello
"""),
    "halves": (f"{README}, 'Read it'; lib/base/net.h, net_would_block",
               START + r"""
(printf 'POST / HT'; sleep 9; printf 'TP/1.1\r\nHost: a\r\n\r\n') |
  nc 127.0.0.1 {port} &
curl --max-time 3 -i http://127.0.0.1:{port}/ -d hello
"""),
    "gone": (f"{README}, 'Read it'; man 2 recv, RETURN VALUE", START + r"""
printf 'POST / HT' | timeout 1 nc 127.0.0.1 {port}
sleep 3; ps -o time -p $(pgrep -nu $(id -u) stage2_sketch)
"""),
    "full": ("the comment above accept_client; man 2 accept, EMFILE", r"""
ulimit -n 1020; build/stage2_async/stage2_sketch
and in another terminal:
ulimit -n 1020; python3 -c '
import socket
address = ("127.0.0.1", {port})
clients = [socket.create_connection(address) for _ in range(1001)]
print(clients[-1].recv(1))'
"""),
    "fails": ("man 2 poll, man 2 accept, man 2 recv: ERRORS; "
              "lib/base/buffer.h", ""),
    "moved": ("the comment above remove_client", START + r"""
for i in 1 2 3 4; do
  (printf 'POST / HT'; sleep $i) | nc 127.0.0.1 {port} &
done
curl --max-time 3 -i http://127.0.0.1:{port}/ -d hello
"""),
}

if __name__ == "__main__":
    run({function.__name__: function for function in
         (echo, silent, halves, gone, moved, full, fails)}, EXPLANATIONS,
        {"full": CLIENTS_MAX + 20})
