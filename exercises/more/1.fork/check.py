"""check.py - exercise 1.fork: a process for each client

    check.py STEP SERVER
"""

import os
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

# pylint: disable=wrong-import-position
from server import PATIENCE, Server, doing, request_of, that, until

SILENT = 20
REQUESTS = 30


def open_client(server):
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE)


def receive(client):
    """All until the end of the connection, and whether there was an end."""
    received = b""
    try:
        while True:
            some = client.recv(1 << 16)
            if not some:
                return received, True
            received += some
    except OSError:
        return received, False


def ask(server):
    with open_client(server) as client:
        client.sendall(request_of("POST", "/", b"hello"))
        return receive(client)


def children_of(server):
    """The states of the server's children: Z is a zombie."""
    lines = subprocess.run(["ps", "-A", "-o", "ppid=,stat="], text=True,
                           stdout=subprocess.PIPE, check=False
                           ).stdout.splitlines()
    return [state for parent, state in map(str.split, lines)
            if parent == str(server.process.pid)]


def silent(command):
    with Server(command) as server:
        doing(f"{SILENT} clients connect and send nothing; then one sends a "
              "request")
        silent_ones = [open_client(server) for _ in range(SILENT)]
        received, _ = ask(server)
        that(received.startswith(b"HTTP/1.1 200"),
             received.split(b"\r\n")[0].decode("latin-1") or "no response",
             "HTTP/1.1 200 OK", f"the server waits for one of {SILENT} silent "
             "clients: accept, fork, and accept the next one at once")
        for client in silent_ones:
            client.close()


def end_of_response(command):
    with Server(command) as server:
        doing("a request, whose response says Connection: close")
        received, ended = ask(server)
        that(b"hello" in received, f"{received[-100:]!r}", "the body: hello",
             "does the child call serve?")
        that(ended, f"no end of the connection within {PATIENCE:.0f} s",
             "the end, after the response",
             "after fork both processes have the socket: the parent must close "
             "its copy, too")


def no_children(command):
    with Server(command) as server:
        doing(f"{REQUESTS} requests, one after the other")
        for _ in range(REQUESTS):
            ask(server)
        until(lambda: not children_of(server))
        states = children_of(server)
        zombies = [state for state in states if state.startswith("Z")]
        that(not zombies, f"{len(zombies)} zombies", "none",
             "a child that has ended is a zombie until its parent asks for its "
             "status: waitpid, or SIGCHLD is ignored")
        that(not states, f"{len(states)} children still run",
             "none: each request has its response",
             "a child must end (_exit) when its client is served, and not go "
             "on to accept")


def no_descriptors(command):
    with Server(command) as server:
        descriptors = pathlib.Path(f"/proc/{server.process.pid}/fd")
        if not descriptors.exists():
            print("There is no /proc here, so nothing is counted.")
            return
        ask(server)
        before = len(os.listdir(descriptors))
        doing(f"{REQUESTS} requests, one after the other")
        for _ in range(REQUESTS):
            ask(server)
        until(lambda: len(os.listdir(descriptors)) <= before)
        now = len(os.listdir(descriptors))
        that(now <= before, f"the server has {now} descriptors open",
             f"{before}, as before", "the parent closes its copy of each "
             "client's socket")


if __name__ == "__main__":
    {"silent": silent, "end": end_of_response, "children": no_children,
     "descriptors": no_descriptors}[sys.argv[1]](sys.argv[2:])
