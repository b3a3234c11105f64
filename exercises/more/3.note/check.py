"""check.py - exercise 3.note: an event may have a note

    check.py STEP SERVER
"""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

# pylint: disable=wrong-import-position
from server import Server, doing, event, that, until

NOTE_MAX = 1000


def with_note(note, amount=1):
    return json.dumps({"user": "alice", "action": "buy", "amount": amount,
                       "note": note}).encode()


def lines_of(server, user, count):
    pattern = rf"^worker \d+: ({user} .*)$"
    until(lambda: len(re.findall(pattern, server.printed(), re.M)) >= count)
    return re.findall(pattern, server.printed(), re.M)


def post(server, *bodies):
    with server.connect() as client:
        return [client.ask("POST", "/", body) for body in bodies]


def expect_line(server, user, expected, likely):
    lines = lines_of(server, user, 1) or ["no line"]
    that(lines[-1] == expected, f"{lines[-1][-90:]!r}", f"{expected[-90:]!r}",
         likely)


def printed(command):
    with Server(command, "--work-ms", "0", quiet=False) as server:
        doing("an event with the note \"a gift\"")
        (status, body), = post(server, with_note("a gift"))
        that(status == 202, f"status {status}: {body}", "202",
             "a note is allowed")
        expect_line(server, "alice", "alice +1 = 1 (a gift)",
                    "the decoder copies the note into the event, and "
                    "report_event prints it")


def without(command):
    with Server(command, "--work-ms", "0", quiet=False) as server:
        doing("20 pairs of events: alice's have a note, bob's have none")
        bodies = [with_note("x" * (i * 50 + 1)) if is_alice else
                  event("bob") for i in range(20) for is_alice in (True, False)]
        statuses = [status for status, _ in post(server, *bodies)]
        that(statuses == [202] * 40, f"statuses {set(statuses)}", "202",
             "an event without a note is valid")
        lines = lines_of(server, "bob", 20)
        wrong = [line for line in lines
                 if not re.fullmatch(r"bob \+1 = \d+", line)]
        that(not wrong, f"{(wrong or [''])[0][:60]!r}", "'bob +1 = 1'",
             "memory that was never written: the usual event is decoded by "
             "lib/event/event_fast_path.c, which knows no note")


def limits(command):
    with Server(command, "--work-ms", "0", quiet=False) as server:
        doing(f"a note of {NOTE_MAX} bytes")
        (status, body), = post(server, with_note("n" * NOTE_MAX))
        that(status == 202, f"status {status}: {body}", "202",
             f"{NOTE_MAX} bytes are allowed, and the NUL after them needs a "
             "byte, too")
        expect_line(server, "alice", f"alice +1 = 1 ({'n' * NOTE_MAX})",
                    "has the event room for all of it?")
        doing(f"a note of {NOTE_MAX + 1} bytes")
        (status, body), = post(server, with_note("n" * (NOTE_MAX + 1)))
        that(status == 400 and "note" in body, f"status {status}: {body}",
             "400, and a detail that names the note",
             "a note that is too long is rejected, not cut")


def types(command):
    with Server(command, "--work-ms", "0", quiet=False) as server:
        for note in (5, ["a gift"], {"text": "a gift"}, True):
            doing(f"\"note\": {json.dumps(note)}")
            (status, body), = post(server, with_note(note))
            that(status == 400 and "note" in body, f"status {status}: {body}",
                 "400, and a detail that names the note",
                 "a note is a string: json_is_string")


if __name__ == "__main__":
    {"printed": printed, "without": without, "limits": limits,
     "types": types}[sys.argv[1]](sys.argv[2:])
