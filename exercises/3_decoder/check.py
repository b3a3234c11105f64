#!/usr/bin/env python3
"""The last step of exercise 3: the decoder as a part of stage 3.

    check.py SERVER

A plain event never reaches event_decode_jansson: the fast path decodes it. So
all other bodies here have something that the fast path leaves to it.
"""

import pathlib
import shlex
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from server import READERS_PORT, Server, doing, request_of, that  # noqa: E402

NOT_WRITTEN = "does event_decode_jansson return true, as in step 3.1?"
NO_DETAIL = ("the response has what event_decode_jansson wrote into `fault` "
             "when it returned false")

# body, status, what the response contains, likely cause
BODIES = [
    ('{"user": "alice", "action": "buy", "amount": 100, "note": "x"}', 202,
     '"accepted"', NOT_WRITTEN),
    (r'{"user": "\u0061lice", "action": "buy", "amount": 100}', 202,
     '"accepted"', NOT_WRITTEN),
    ('{"user": "alice", "action": "buy", "amount": 9223372036854775807}', 202,
     '"accepted"', NOT_WRITTEN),
    ('{"user": "alice", "action": "buy", "amount": 1.5}', 400, '"amount: ',
     NO_DETAIL),
    ('{"action": "buy", "amount": 100}', 400, '"user: ', NO_DETAIL),
    ('{"user": "alice", "action": "' + 128 * "x" + '", "amount": 100}', 400,
     '"action: ', NO_DETAIL),
    ('{"user": "alice", "action": "buy", "amount": 1, "amount": 2}', 400,
     '"byte ', NO_DETAIL),
    ("hello", 400, '"invalid_json","detail":"byte 5: ', NO_DETAIL),
    ("[1, 2]", 400, '"invalid_event"', NO_DETAIL),
    ("", 400, "empty body", NO_DETAIL),
]
PLAIN = '{"user": "alice", "action": "buy", "amount": 100}'


def by_hand(*lines):
    """Instead of what it was before; without lines, it is this check."""
    for line in ("", *lines):
        print(f"by hand: {line}")


def ask(client, body, status, part, likely):
    doing(f"POST / with {len(body)} bytes: {body or '(nothing)'}")
    url = f"http://127.0.0.1:{READERS_PORT}/"
    by_hand("build/stage3_parse/stage3_parse & sleep 1", f"curl {url} \\",
            f"  --data {shlex.quote(body)}", "kill %1")
    came = client.ask("POST", "/", body.encode())
    that(came[0] == status and part in came[1],
         f"{came[0]} {came[1].strip()}",
         f"{status}, and {part} in the body", likely)


def bodies_on_one_connection(server):
    with server.connect() as client:
        ask(client, PLAIN, 202, '"accepted"',
            "the fast path decodes this one (lib/event/event_fast_path.c), and "
            "not your function: was another file changed?")
        for body, status, part, likely in BODIES:
            ask(client, body, status, part, likely)


def many_at_once(server):
    """The decoder must change neither the bytes nor a memory of its own."""
    by_hand()
    doing("100 requests in one go: 50 times an event, and a body that is none")
    bodies = [BODIES[0], BODIES[3]] * 50
    with server.connect() as client:
        client.send(b"".join(request_of("POST", "/", body.encode())
                             for body, *_ in bodies))
        for number, (_, status, part, _) in enumerate(bodies, start=1):
            came = client.response()
            that(came[0] == status and part in came[1],
                 f"response {number} is {came[0]} {came[1].strip()}",
                 f"{status}, and {part} in the body",
                 "the next request comes right after a body, in the same "
                 "memory: does the decoder write into the body's bytes, a NUL "
                 "for json_loads? Or does it keep something in a static "
                 "variable?")


def counted(server):
    doing("GET /metrics")
    wanted = 1 + 50 + sum(status == 202 for _, status, *_ in BODIES)
    came = server.metric("thaw_events_accepted_total")
    that(came == wanted, f"thaw_events_accepted_total {came}", str(wanted),
         "main.c counts an event that event_decode accepts: was it changed?")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with Server(sys.argv[1:]) as server:
        bodies_on_one_connection(server)
        many_at_once(server)
        counted(server)
        doing("SIGTERM")
        server.stop()
        server.expect_end("a graceful shutdown is the work of stage 2")


if __name__ == "__main__":
    main()
