#!/usr/bin/env python3
"""The steps of exercise 1: read one request from a blocking socket.

    check.py STEP SERVER

black_box.py, one directory up, says how a step works and what it prints.
"""

import pathlib
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
from black_box import (LARGE, NO_TEXT, by_hand_instead, expect,
                       expect_echo, expect_memory, is_more_than, run, shown)

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
HALF = POST[:21]
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
NEXT = [CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"]

HOLE = ("serve has no request to respond to, or does not send the response. "
        "What does read_request return?")
LATE = ("the server called recv again although the request is complete. This "
        "client sends nothing more: it waits for its response. Ask the parser "
        "after each recv; at DONE, read_request returns. Or did the parser "
        "not see the bytes: is in->length right?")


DIED = ("the server ended because one client left. While it runs, one request "
        "fails and the server lives: no exit after recv or send, and a "
        "negative result is no length")


def post(body, fields=""):
    return (f"POST / HTTP/1.1\r\nHost: a\r\n{fields}Content-Length: "
            f"{len(body)}\r\n\r\n").encode() + body


def still_serves(server, after, likely):
    """The next clients get their responses, whatever those before them did."""
    def why(received):
        if received.ended:
            return DIED
        if received.is_silent and server.is_busy():
            return ("the server calls recv again and again, and uses the "
                    "processor all the time. recv returned 0: the client "
                    "sends no more. That is the end, and not 'nothing yet'")
        if not received.is_silent and received.data:
            return ("something is left of the client before: each request "
                    "begins with an empty `in`, and a `progress` that is all "
                    "zero")
        return likely
    server.settle()
    for request in NEXT:
        client = server.client(after, DIED)
        client.send(request)
        expect_echo(client, b"hello", why,
                    sent=f"{after}; then another client: {shown(request)}")


# --- The steps --------------------------------------------------------------


def whole(server):
    for request, body in (GET, b""), (POST, b"hello"), (POST, b"hello"):
        client = server.client()
        client.send(request)

        def why(received):
            if received.is_silent:
                return LATE
            if received.status == 400:
                return ("the parser got other bytes than the client sent. "
                        "Hand it all bytes of `in`, a new `progress` for "
                        "each request, and the length that recv returned")
            return HOLE
        expect_echo(client, body, why)


def cut(server, at):
    """The request in two pieces; the second only when the first was read."""
    client = server.client()
    client.send(POST[:at])
    server.settle()
    sent = f"{shown(POST[:at])}, and a moment after it {shown(POST[at:])}"
    if client.has_some():
        expect(client, "no response before the request is complete",
               lambda it: False,
               lambda it: NO_TEXT.format("`in`")
               if is_more_than(POST[:at], it) else
               "one recv is taken for the whole request. TCP is a stream: recv "
               "returns what is here, which may be half a line. While the "
               "parser says MORE, call recv again",
               sent=f"only {shown(POST[:at])}")
    client.send(POST[at:])

    def why(received):
        if received.status == 400 or received.is_silent:
            return ("the second piece is taken for a request of its own: it "
                    "overwrites the first instead of being appended. Append to "
                    "`in` with buffer_add, and hand the parser all of `in`")
        return ("the response does not fit the request: are bytes lost, or "
                "there twice?")
    expect_echo(client, b"hello", why, sent=sent)


def pieces(server):
    for at in range(1, len(POST)):
        cut(server, at)
    client = server.client()
    for at in range(len(POST)):
        client.send(POST[at:at + 1])
        server.settle()
    expect_echo(client, b"hello",
                "two pieces work, many do not: the loop ends too early, or "
                "a byte is lost when the buffer grows",
                sent=f"{shown(POST)}, one byte at a time")


def expect_body(server, request, body, what, likely):
    client = server.client()
    client.send(request)

    def why(received):
        if received.status == 200 and set(received.body) - set(request):
            return NO_TEXT.format("`in`")
        if received.status in (200, None) or received.ended:
            return likely
        return (f"a good request is rejected with {received.status}. " + likely)
    expect_echo(client, body, why, sent=what)


def bodies(server):
    large = b"abcdefghijklmnopqrstuvwxy" * 3800
    for total in 1024, 2048, 4096, 8192, 16384, 65536:
        body = next(large[:length] for length in range(total, 0, -1)
                    if len(post(large[:length])) == total)
        expect_body(
            server, post(body), body, f"a request of {total:,} bytes",
            "recv fills the array exactly, or needs to be called several "
            "times. Neither says that the request is complete: only the "
            "parser does. And the bytes need room: `in` grows, an array "
            "does not")
    expect_body(
        server, post(large), large,
        f"a request with a body of {len(large):,} bytes",
        "one recv brings only a part. Has every part its place in `in`? "
        "An array has an end, and bytes beyond it are lost, or destroy "
        "what is next to it")
    chunks = (CHUNKED + b"1\r\nh\r\n%x\r\n" % len(large) + large +
              b"\r\n0\r\n\r\n")
    expect_body(
        server, chunks, b"h" + large,
        f"a chunked request, with chunks of 1 and {len(large):,} bytes",
        "a chunked request says at its end how long it is. Do not look for "
        "Content-Length yourself: the parser says DONE. It needs the same "
        "`progress` in all calls for this request, and a new one for the "
        "next")
    every = bytes(range(256)) * 2
    expect_body(
        server, post(every), every,
        "a body with each byte from 0 to 255",
        "the bytes after a NUL are missing. What recv returns is a number "
        "of bytes, and its bytes are no string: strlen, strcpy and "
        "\"%s\" stop at the first NUL")
    by_hand_instead(START + r"""
printf 'HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello' |
  nc 127.0.0.1 {port}
""")
    client = server.client()
    client.send(POST.replace(b"POST", b"HEAD"))
    expect(client, "200, Content-Length: 5, and no body",
           lambda it: it.status == 200 and it.length == 5 and not it.body,
           "a response to HEAD has no body, only its length: pass true for "
           "is_head to http_write_response")


def leave(server):
    for end, how in (("close", "closes"), ("reset", "resets it, as one "
                                            "that crashes")):
        for data, what in ((b"", "sends nothing"),
                           (HALF, f"sends {shown(HALF)}"),
                           (POST[:-2], "sends a request without the end "
                            "of its body"),
                           (POST, "sends a whole request")):
            client = server.client()
            client.send(data)
            server.settle()
            getattr(client, end)()
            still_serves(
                server, f"a client connects, {what}, and {how}",
                "the server still waits for the client that left. recv "
                "told it: 0 is the end, -1 a broken connection. After "
                "either, read_request returns")
    half = server.client()
    half.send(HALF)
    half.half_close()

    def why(received):
        if received.is_silent and server.is_busy():
            return ("recv returns 0 again and again: the client sends no "
                    "more. That is the end, and not 'nothing yet'")
        if received.is_silent:
            return ("recv returned 0: the client sends no more, and half "
                    "a request stays half. read_request returns REJECTED")
        return ("half a request is no request. Set request->status and "
                "request->detail, a text for people, and return REJECTED")
    expect(half, "400 and a detail, or nothing; then the end of the connection",
           lambda it: it.is_closed and "(null)" not in str(it)
           and (it.status == 400 or not it.data), why,
           sent=f"{shown(HALF)}, and then the end (shutdown); it still "
           "reads")
    large = post(b"x" * LARGE)

    def without_its_end():
        client = server.client()
        client.send(large[:-1])
        client.close()
    expect_memory(server, without_its_end,
                  f"{shown(large)}, without its last byte; then the client "
                  "left",
                  "the buffers are released at the end of serve, by "
                  "buffer_destroy: does each way through serve come there? A "
                  "return in the middle does not")
    silent = server.client()
    silent.half_close()
    expect(silent, "no byte, and the end of the connection",
           lambda it: it.is_closed and not it.data,
           "the client sent no request, so there is none to respond to: "
           "read_request returns MORE, and serve sends nothing",
           sent="nothing, and then the end (shutdown); it still reads")
    still_serves(server, "clients that left", HOLE)


def not_http(server):
    noise = b"Hello, is this a server?\r\n\r\n"
    lost = ("close with bytes that were not read makes TCP send a reset, and a "
            "reset may destroy the response before the client has read it. "
            "Read on before close: net_linger does it. It is needed wherever "
            "bytes may be left: after REJECTED, and after a request with more "
            "bytes after it (in->length > request->length, net_has_more)")

    def is_rejected(received):
        return received.status == 400 and received.is_closed

    def why(received):
        if received.was_reset:
            return lost
        if received.is_silent:
            return ("the parser said REJECTED and the server called recv "
                    "again. Only MORE asks for more bytes")
        if received.status is None:
            return ("a rejected request gets a response, too: respond_rejected "
                    "makes it, from what the parser wrote into request")
        return "the parser says REJECTED: the response is not an echo"
    for data in noise, noise + b"x" * 32768:
        with server.stopped():  # so that the bytes are there at once
            client = server.client()
            client.send(data)
            client.half_close()
        expect(client, "400, then the end of the connection", is_rejected,
               why)
    for more in POST, b"x" * 32768:
        with server.stopped():
            client = server.client()
            client.send(POST + more)
            client.half_close()
        expect_echo(client, b"hello",
                    lambda it: lost if it.was_reset else LATE,
                    sent=f"{shown(POST)} and {len(more):,} more bytes "
                    "after it")
    still_serves(server, "four clients", HOLE)


def limit(server):
    with server.stopped():  # so that the bytes are there in time
        half = server.client()
        half.send(HALF)

    def why(received):
        if received.is_silent:
            return ("recv is called again after it returned -1 with "
                    "EAGAIN. Only EINTR means: call it again. With "
                    "--timeout-ms, EAGAIN means that the client was silent "
                    "for too long")
        if received.status == 500:
            return ("the server says that it has no memory: was the -1 of "
                    "recv added to `in` as a length? As size_t it is the "
                    "largest number there is")
        return ("recv returned -1: the client was silent for too long. The "
                "comment above read_request says what it gets")
    expect(half, "408, then the end of the connection",
           lambda it: it.status == 408 and it.is_closed, why,
           sent=f"{shown(HALF)}, and then nothing, to a server with "
           "--timeout-ms 200")
    silent = server.client()
    expect(silent, "no byte, and the end of the connection",
           lambda it: it.is_closed and not it.data,
           lambda it: why(it) if it.is_silent else
           "a client that sent no byte gets none: read_request returns "
           "MORE, and serve sends nothing",
           sent="nothing, to a server with --timeout-ms 200")


def stopped(server):
    """Linux: after Ctrl-Z and fg, a recv with a time limit fails with EINTR."""
    client = server.client()
    client.send(HALF)
    server.settle()
    with server.stopped():
        pass
    server.settle()
    client.send(POST[len(HALF):])
    expect_echo(client, b"hello",
                "recv returned -1 with EINTR: a signal came while it "
                "waited, and nothing is wrong with the client. Call recv "
                "again",
                sent=f"{shown(HALF)}; then the server was stopped and "
                f"continued (Ctrl-Z, fg); then {shown(POST[len(HALF):])}")


def expects(server):
    client = server.client()
    client.send(post(b"hello", "Expect: 100-continue\r\n")[:-5])
    first = client.receive(count=25)
    expect(client, "HTTP/1.1 100 Continue, and nothing more yet",
           lambda it: it.data == b"HTTP/1.1 100 Continue\r\n\r\n",
           "this client sends its body only when it is told to: when the "
           "parser says MORE and request->wants_continue is set, send "
           "http_continue, once, with net_send_all",
           received=first, sent=f"{shown(client.sent)}, and no body yet")
    sent = f"{shown(client.sent)}; after 100 Continue, hello in five pieces"
    for at in range(5):
        client.send(b"hello"[at:at + 1])
        server.settle()
    expect_echo(client, b"hello",
                lambda it: "100 Continue was sent again: once is enough"
                if b"100 Continue" in it.data else LATE, sent=sent)


README = "stage1_blocking/README.md, 'Read it'"
HEADERS = "lib/http/http_request.h and http_response.h"
START = """
./workshop run 1
and in another terminal:"""
EXPLANATIONS = {
    "whole": (f"{README}; {HEADERS}", START + r"""
curl --max-time 3 -i http://127.0.0.1:{port}/ --data hello
"""),
    "pieces": (f"{README}, read_request; lib/base/buffer.h", START + r"""
(printf 'POST / HT'; sleep 1; printf 'TP/1.1\r\nHost: a\r\n\r\n') |
  nc 127.0.0.1 {port}
"""),
    "bodies": (f"{README}; {HEADERS}", START + r"""
head -c 95000 /dev/zero >body
curl --max-time 3 -so echoed http://127.0.0.1:{port}/ --data-binary @body
cmp body echoed && echo the same
"""),
    "leave": ("stage1_blocking/SOCKETS.md; man 2 recv, RETURN VALUE",
              START + r"""
printf 'POST / HTTP/1.1\r\nHo' | timeout 1 nc 127.0.0.1 {port}
curl --max-time 3 -i http://127.0.0.1:{port}/ --data hello
"""),
    "not_http": ("lib/base/net.h, net_linger; GLOSSARY.md, lingering close",
                 START + r"""
(printf 'Hello\r\n\r\n'; head -c 32768 /dev/zero) | nc 127.0.0.1 {port}
"""),
    "limit": ("man 2 recv, ERRORS; lib/base/net.h, net_limit_silence", r"""
./workshop run 1 --timeout-ms 1000
and in another terminal:
(printf 'POST / HT'; sleep 3) | nc 127.0.0.1 {port}
""", "--timeout-ms", "200"),
    "stopped": ("man 2 recv, EINTR; man 7 signal, SA_RESTART", r"""
./workshop run 1 --timeout-ms 60000
and in another terminal:
(printf 'POST / HT'; sleep 9; printf 'TP/1.1\r\nHost: a\r\n\r\n') |
  nc 127.0.0.1 {port}
and in the first one, within nine seconds: Ctrl-Z, then the command fg
""", "--timeout-ms", "60000"),
    "expects": ("lib/http/http_request.h, wants_continue", START + r"""
curl --max-time 3 -i http://127.0.0.1:{port}/ -d hello \
  -H 'Expect: 100-continue'
"""),
}

if __name__ == "__main__":
    run({function.__name__: function for function in
         (whole, pieces, bodies, leave, not_http, limit, stopped,
         expects)}, EXPLANATIONS)
