#!/usr/bin/env python3
"""A stage 5 with one fault, which the first argument names.

    PORT=8080 odd_server.py [FAULT]

    none         no fault
    miser        accepts one event, and rejects all others
    flood        prints a megabyte for each request
    mortal       ends itself when 20 clients have connected
    grudging     ends with status 3 after SIGTERM
    greedy       reads more than a byte from the gate
    mute         gives no response
    deaf         never listens
    told         prints its environment and its words, and ends
    unlucky      another process takes its port, the first time
"""

import http.server
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage

usage.show_if_asked(__doc__, 0 if "PORT" in os.environ else 1)
FAULT = sys.argv[1] if len(sys.argv) > 1 else "none"
GATE = os.environ.get("WORK_GATE", "")
jobs = queue.Queue(int(os.environ.get("CAPACITY") or 100))
balances = {}
counts = {"accepted": 0, "done": 0, "connections": 0}
mutex = threading.Lock()


def work(gate):
    while True:
        event = jobs.get()
        if gate is not None:
            gate.read(1)
        else:
            time.sleep(int(os.environ.get("WORK_MS") or 500) / 1000)
        with mutex:
            user = event["user"]
            balances[user] = balances.get(user, 0) + event["amount"]
            counts["done"] += 1
            if os.environ.get("QUIET") != "1":
                print(f"worker 1: {user} {event['amount']:+d} = "
                      f"{balances[user]}", flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        with mutex:
            counts["connections"] += 1
        if FAULT == "mortal" and counts["connections"] >= 20:
            print("these are my last words", flush=True)
            os._exit(9)

    def respond(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if FAULT == "mute":
            time.sleep(3600)
        if FAULT == "flood":
            print("x" * 1000000, flush=True)
        if self.path == "/balances":
            self.respond(200, balances)
        else:
            self.respond(200 if self.path == "/health" else 404, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        reason = "invalid_json"
        try:
            event = json.loads(body)
            reason = "invalid_event"
            if not isinstance(event["amount"], int):
                raise ValueError
            if FAULT == "miser" and counts["accepted"] > 0:
                raise queue.Full
            jobs.put_nowait(event)
            counts["accepted"] += 1
            self.respond(202, {})
        except queue.Full:
            self.respond(503, {})
        except ValueError:
            self.respond(400, {"reason": reason})

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True


def stop(*_):
    if FAULT == "grudging":
        os._exit(3)
    jobs.put = jobs.put_nowait = None
    while counts["done"] < counts["accepted"]:
        time.sleep(0.01)
    print(f"stopped: {counts['accepted']} accepted, {counts['done']} done",
          flush=True)
    os._exit(0)


def lose_the_port():
    """The first time, another process has it, for a while."""
    mark = pathlib.Path(tempfile.gettempdir()) / "unlucky"
    if mark.exists():
        return
    mark.touch()
    code = ("import socket, sys, time; s = socket.socket();"
            f"s.bind(('127.0.0.1', {os.environ['PORT']}));"
            "print('taken', flush=True); time.sleep(5)")
    with subprocess.Popen([sys.executable, "-c", code], text=True,
                          stdout=subprocess.PIPE,
                          start_new_session=True) as child:
        child.stdout.readline()
        os._exit(1)


def main():
    if FAULT == "told":
        print(json.dumps([sys.argv[2:], dict(os.environ)]))
        sys.exit(7)
    if FAULT == "deaf":
        time.sleep(3600)
    if FAULT == "unlucky":
        lose_the_port()
    server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
    signal.signal(signal.SIGTERM,
                  lambda *_: threading.Thread(target=stop).start())
    buffering = -1 if FAULT == "greedy" else 0
    mode = "r+b" if buffering == 0 else "rb"
    gate = None
    if GATE:
        gate = os.fdopen(os.open(GATE, os.O_RDWR), mode, buffering)
    threading.Thread(target=work, args=(gate,), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
