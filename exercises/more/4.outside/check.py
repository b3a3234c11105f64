"""check.py - exercise 4.outside: the work is done without the mutex

    check.py STEP SERVER
"""

import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

# pylint: disable=wrong-import-position
from server import PATIENCE, Server, doing, event, request_of, that, until

CLIENTS = 10
WORK_MS = 300


def post(server):
    """Returns when the event is sent; its response comes after the work."""
    client = server.connect()
    client.send(request_of("POST", "/", event()))
    return client


def balances(server):
    """The body, or None: no response."""
    with server.connect() as client:
        client.socket.settimeout(PATIENCE / 2)
        client.send(request_of("GET", "/balances"))
        try:
            return client.socket.recv(1 << 16).partition(b"\r\n\r\n")[2].strip()
        except socket.timeout:
            return None


def during_the_work(command):
    with Server(command, gate=True) as server:
        doing(f"{CLIENTS} events whose work cannot end, and GET /balances")
        clients = [post(server) for _ in range(CLIENTS)]
        until(lambda: server.metric("thaw_events_accepted_total") == CLIENTS)
        body = balances(server)
        that(body is not None, "no response to GET /balances",
             "a response at once: {}", "a thread holds the mutex while it "
             "works: simulated_work_run must come before thread_lock")
        that(body == b"{}", f"GET /balances: {body.decode('latin-1')}", "{}",
             "a balance is changed before its work is done")
        doing("the work of all ends")
        server.finish(CLIENTS)
        until(lambda: balances(server) == b'{"alice":10}', PATIENCE / 2)
        body = (balances(server) or b"no response").decode("latin-1")
        that(body == '{"alice":10}', f"GET /balances: {body}", '{"alice":10}',
             "is the work of an event done twice? Move the call, do not copy "
             "it")
        for client in clients:
            client.socket.close()


def in_parallel(command):
    with Server(command, "--work-ms", str(WORK_MS)) as server:
        doing(f"{CLIENTS} events at the same time, of {WORK_MS} ms each")
        start = time.monotonic()
        clients = [post(server) for _ in range(CLIENTS)]
        statuses = [client.response()[0] for client in clients]
        took = time.monotonic() - start
        that(statuses == [200] * CLIENTS, f"statuses {statuses}",
             f"{CLIENTS} times 200", "is the response still posted?")
        that(took < CLIENTS * WORK_MS / 1000 * 0.8,
             f"all responses after {took:.1f} s, as if one by one",
             f"after about {WORK_MS / 1000:.1f} s",
             "is the work under another mutex, so that the threads still work "
             "one by one?")


if __name__ == "__main__":
    {"during": during_the_work, "parallel": in_parallel}[sys.argv[1]](
        sys.argv[2:])
