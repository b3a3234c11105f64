#!/usr/bin/env python3
"""Keeps events in a file, with one fault, which the first argument names.

    PORT=8080 crash_server.py FAULT FILE

    none      no fault: a 202 after fsync, and a key is done once
    early     a 202 before the event is written (that never is)
    last      the last event is cut off at each start
    forgets   the keys of the events before a start are forgotten
    twice     the last event is done again at each start
    adds      some events get a 503, and are done
    down      does not start where it was killed
    deaf      a known key never gets an outcome
    mortal    ends itself beside 50 clients
    unsynced  no fsync, which SIGKILL does not show

FILE has a line for each event. At the start its events are done again, so its
end says what the balances are.
"""

import http.server
import json
import os
import pathlib
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage

usage.show_if_asked(__doc__, 2)
FAULT, FILE = sys.argv[1:3]
GATE = os.environ.get("WORK_GATE")
gate = os.open(GATE, os.O_RDWR) if GATE else None
mutex = threading.Lock()  # guards all that follows
balances = {}
keys = set()
count = 0


def apply(key, user, amount):
    balances[user] = balances.get(user, 0) + amount
    keys.add(key)


def lines_of(path):
    """The whole lines. The first that is none is where a write was cut."""
    lines = []
    text = path.read_bytes() if path.exists() else b""
    for line in text[:text.rfind(b"\n") + 1].splitlines(keepends=True):
        try:
            json.loads(line)
        except ValueError:
            break
        lines.append(line)
    return lines


def recover(path):
    lines = lines_of(path)
    if FAULT == "last":
        lines = lines[:-1]
    if FAULT == "twice":
        lines += lines[-1:]
    path.write_bytes(b"".join(lines))
    for line in lines:
        apply(*json.loads(line))
    if FAULT == "forgets":
        keys.clear()
    return path.open("ab")


def accept(key, event, log):
    """The status of the response."""
    global count
    with mutex:
        if key in keys:
            return 409 if FAULT == "deaf" else 202
        count += 1
        record = [key, event["user"], event["amount"]]
        if FAULT == "last":
            time.sleep(0.003)  # most events have their 202 before the next
        log.write(json.dumps(record).encode() + b"\n")
        if FAULT != "early":
            log.flush()
            if FAULT != "unsynced":
                os.fsync(log.fileno())
        apply(*record)
        number = count
    if FAULT in ("forgets", "deaf"):
        time.sleep(0.01)  # then many die before their 202
    return 503 if FAULT == "adds" and number % 3 == 0 else 202


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    log = None

    def setup(self):
        super().setup()
        if FAULT == "mortal" and threading.active_count() > 50:
            os._exit(9)

    def respond(self, status, body):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        with mutex:
            body = dict(balances) if self.path == "/balances" else {}
        if self.path == "/metrics":
            body = b"# nothing waits\nthaw_events_done_total %d\n" % count
        self.respond(200, body)

    def do_POST(self):
        event = json.loads(self.rfile.read(int(
            self.headers["Content-Length"])))
        key = self.headers["Idempotency-Key"] or f"none {count}"
        self.respond(accept(key, event, self.log), {})
        if gate is not None:
            os.read(gate, 1)  # it has no work, and the lab asks sooner

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True


def hold_lock(path):
    """Whoever was killed has left it."""
    if path.exists():
        print(f"{path.name} is there: does another server run?", flush=True)
        sys.exit(4)
    path.touch()


def stop(*_):
    with mutex:
        Handler.log.flush()
    if FAULT == "down":
        os.unlink(FILE + ".lock")
    os._exit(0)


def main():
    if FAULT == "down":
        hold_lock(pathlib.Path(FILE + ".lock"))
    Handler.log = recover(pathlib.Path(FILE))
    signal.signal(signal.SIGTERM,
                  lambda *_: threading.Thread(target=stop).start())
    Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    main()
