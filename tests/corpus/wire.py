"""Sends the cases to a stage, and compares its responses."""

import collections
import socket
import sys

import cases
from stage import Server

PARALLEL = 60  # connections at a time

Response = collections.namedtuple("Response", "status connection body")


class Failed(Exception):
    """Says what came, where something else was expected."""


def read_response(stream, is_head):
    line = stream.readline()
    if not line:
        raise Failed("the end")
    fields = {}
    while (field := stream.readline().strip()):
        name, _, value = field.decode("ascii").partition(":")
        fields[name.lower()] = value.strip()
    status = int(line.split()[1])
    if status == 100:
        return read_response(stream, is_head)
    length = 0 if is_head else int(fields["content-length"])
    return Response(status, fields["connection"], stream.read(length))


def must_end(stream, stage):
    try:
        more = stream.read(100)
    except ConnectionResetError:
        # Stage 1 closes after its only response, and what the client sent
        # after the request causes a reset.
        if stage != 1:
            raise
        more = b""
    if more:
        raise Failed(f"more: {more!r}")


def check_responses(client, expected, stage):
    """Reads until the connection ends. Returns the last response."""
    response = None
    statuses, ending = expected
    came = []
    with client.makefile("rb") as stream:
        try:
            if ending == "more":
                statuses = [*statuses, (400, False)]
            for i, (status, is_head) in enumerate(statuses, start=1):
                is_last = i == len(statuses)
                if is_last and ending == "more":
                    client.shutdown(socket.SHUT_WR)
                response = read_response(stream, is_head)
                came.append(str(response.status))
                closes = is_last and ending != "open"
                if response.status != status:
                    raise Failed("")
                if response.connection != ("close" if closes else "keep-alive"):
                    raise Failed(f"Connection: {response.connection}")
            # Nothing may come after the last response, not even half of one.
            if ending == "open":
                client.shutdown(socket.SHUT_WR)
            must_end(stream, stage)
        except (Failed, OSError, ValueError, KeyError, IndexError) as error:
            raise Failed(" ".join([*came, str(error)])) from error
    return response


def cuts_of(data):
    """Where to cut: once at each place where a part of the request ends."""
    body = data.find(b"\r\n\r\n") + 4
    places = {1, data.find(b"\r\n") + 1, body - 2, body, len(data) - 1}
    return sorted(place for place in places if 0 < place < len(data))


def let_read(server):
    """Returns when the server has read all that was sent before. One response
    could come in the middle of a loop iteration; two can't."""
    if server.stage == 1:
        return
    with server.connect() as client, client.makefile("rb") as stream:
        for _ in range(2):
            client.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            read_response(stream, False)


def send(client, data, stage):
    try:
        client.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        if stage != 1:
            raise


def try_group(server, tries, failures):
    """Sends what is before the cut of each, and then all that is after it."""
    clients = [server.connect() for _ in tries]
    for client, (case, cut) in zip(clients, tries):
        send(client, case.data[:cut], server.stage)
    let_read(server)
    for client, (case, cut) in zip(clients, tries):
        try:
            send(client, case.data[cut:], server.stage)
            expected = cases.expected_of(case.expected, server.stage)
            check_responses(client, expected, server.stage)
        except (Failed, OSError) as error:
            way = "whole" if cut == len(case.data) else f"cut at {cut}"
            failures.setdefault(case.name, f"{error} ({way})")
        client.close()
    let_read(server)


def try_one_by_one(server, tries, failures):
    """After tries in parallel killed the server: finds the one that does it."""
    server.revive()
    for case, cut in tries:
        try:
            try_group(server, [(case, cut)], failures)
        except (Failed, OSError) as error:
            failures.setdefault(case.name, str(error))
        if case.name in failures and server.revive():
            failures[case.name] = f"the server died (cut at {cut})"


def try_requests(server, chosen):
    failures = {}
    tries = [(case, cut) for case in chosen
             for cut in [len(case.data), *cuts_of(case.data)]]
    group_max = 1 if server.stage == 1 else PARALLEL
    for start in range(0, len(tries), group_max):
        group = tries[start:start + group_max]
        found = {}
        try:
            try_group(server, group, found)
        except (Failed, OSError):
            found = {}
            try_one_by_one(server, group, found)
        failures = {**found, **failures}
    return failures


def check_body(response, case, stage):
    accepted = case.expected == "accepted"
    reason, _, detail = case.expected.partition(": ")
    if stage <= 2 and response.body != case.data:
        raise Failed(f"another body: {response.body!r}")
    if stage > 2 and not accepted:
        text = response.body.decode("utf-8")
        if f'"reason":"{reason}","detail":"{detail}' not in text:
            raise Failed(text)


def try_body(server, case):
    stage = server.stage
    accepted = stage <= 2 or case.expected == "accepted"
    status = cases.EVENT[stage] if accepted else 400
    expected = cases.Expected([(status, False)],
                              "close" if stage == 1 else "open")
    header = ("POST / HTTP/1.1\r\nHost: a\r\n"
              f"Content-Length: {len(case.data)}\r\n\r\n")
    with server.connect() as client:
        client.sendall(header.encode("ascii") + case.data)
        check_body(check_responses(client, expected, stage), case, stage)


def try_bodies(server, chosen):
    failures = {}
    for case in chosen:
        try:
            try_body(server, case)
        except (Failed, OSError) as error:
            died = server.revive()
            failures[case.name] = "the server died" if died else str(error)
    return failures


def try_stage(executable, stage, names):
    """Prints TAP. Returns how many cases failed."""
    results = []
    server = Server(executable, stage)
    try:
        for kind, attempt in (("requests", try_requests),
                              ("bodies", try_bodies)):
            chosen = [case for case in cases.read_cases(kind)
                      if not names or case.name in names]
            failures = attempt(server, chosen)
            results += [(f"{kind}/{case.name}", case, failures.get(case.name))
                        for case in chosen]
    finally:
        end = server.stop()
    results.append(("the server lives, and stops when told", None, end))
    print(f"1..{len(results)}")
    for number, (name, case, failure) in enumerate(results, start=1):
        print(f"{'not ok' if failure else 'ok'} {number} - {name}")
        if failure:
            print(f"# came: {failure}")
        if failure and case:
            print(f"# expected: {case.expected}\n# because: {case.why}\n"
                  f"# repeat: {sys.argv[0]} try {executable} {stage} "
                  f"{case.name}")
    return sum(1 for result in results if result[2])
