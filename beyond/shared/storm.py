"""Clients of several front ends, any of which may die at any moment.

Each event has an Idempotency-Key. A client that does not know what became of
its event sends it again, with the same key, at another front end:

    202                       accepted, and remembered
    503 server_busy           certainly not stored, unless an earlier attempt is
                              in doubt: then again; else the event is dropped
    503 database_unavailable  certainly not stored, so again
    504, no response          in doubt, so again
"""

import http.client
import json
import random
import socket
import threading
import time
from collections import Counter

TIMEOUT = 20  # seconds for a response
ACCEPTED, BUSY, UNAVAILABLE, UNKNOWN, LOST, NOT_CONNECTED = (
    "202 accepted", "503 server_busy", "503 database_unavailable",
    "504 outcome_unknown", "connection lost", "not connected")
OUTCOMES = [ACCEPTED, BUSY, UNAVAILABLE, UNKNOWN, LOST, NOT_CONNECTED]
IN_DOUBT = {UNKNOWN, LOST}
SHARED_USERS = 8


class Event:
    """What was sent, and what its client knows of it."""

    def __init__(self, number, choose):
        self.key = f"key-{number}"
        # Half of them have a user of their own, whose balance tells how often
        # it was applied; the others meet each other in a few balances.
        self.user = (f"user-{number}" if number % 2 else
                     f"shared-{choose.randrange(SHARED_USERS)}")
        self.amount = choose.randrange(1, 10 ** 9)
        self.is_accepted = False
        self.is_in_doubt = False


class Client(threading.Thread):
    def __init__(self, storm, number):
        super().__init__(daemon=True)
        self.storm = storm
        self.choose = random.Random(f"{storm.seed} {number}")
        self.connections = {}  # front end: (port, connection)

    def run(self):
        while not self.storm.is_over.is_set():
            self.offer(self.storm.next_event(self.choose))
            self.storm.is_over.wait(self.choose.expovariate(
                1 / self.storm.pause))

    def offer(self, event):
        """Until it is known what became of the event. When the storm is over,
        all goes on running, so that is soon."""
        while not event.is_accepted:
            outcome = self.send(event)
            self.storm.count(outcome)
            if outcome == ACCEPTED:
                event.is_accepted = True
            elif outcome in IN_DOUBT:
                event.is_in_doubt = True
            elif outcome == BUSY and not event.is_in_doubt:
                break
            elif outcome not in OUTCOMES:
                break  # the storm reports it
            if outcome not in (ACCEPTED, UNKNOWN):
                time.sleep(self.choose.uniform(0.01, 0.1))

    def send(self, event):
        front_end = self.choose.choice(self.storm.front_ends)
        try:
            connection = self.connect(front_end)
        except OSError:
            return NOT_CONNECTED
        try:
            connection.request("POST", "/", json.dumps(
                {"user": event.user, "action": "add", "amount": event.amount}),
                {"Idempotency-Key": f'"{event.key}"'})
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException):
            self.close(front_end)
            return LOST
        try:
            said = json.loads(text)
            return f"{response.status} {said.get('reason') or said['status']}"
        except (ValueError, KeyError, AttributeError):
            return f"{response.status} with an unexpected body"

    def connect(self, front_end):
        """A connection to where it listens now; without a proxy."""
        port, connection = self.connections.get(front_end, (None, None))
        if port != front_end.port:
            self.close(front_end)
            port = front_end.port
            connection = http.client.HTTPConnection(front_end.host, port,
                                                    timeout=TIMEOUT)
            self.connections[front_end] = port, connection
        if connection.sock is None:
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP,
                                       socket.TCP_NODELAY, 1)
        return connection

    def close(self, front_end):
        if front_end in self.connections:
            self.connections.pop(front_end)[1].close()


class Storm:
    """Clients that send until `end`. `pause` is the mean pause of a client
    between two events, in seconds."""

    def __init__(self, front_ends, clients, pause, seed):
        self.front_ends, self.pause, self.seed = front_ends, pause, seed
        self.events = []
        self.outcomes = Counter()
        self.lock = threading.Lock()  # guards the two above
        self.progress = threading.Condition(self.lock)
        self.is_over = threading.Event()
        self.clients = [Client(self, number) for number in range(clients)]

    def start(self):
        for client in self.clients:
            client.start()

    def next_event(self, choose):
        with self.lock:
            event = Event(len(self.events), choose)
            self.events.append(event)
            return event

    def count(self, outcome):
        with self.lock:
            self.outcomes[outcome] += 1
            if outcome == ACCEPTED:
                self.progress.notify_all()

    def accepted(self):
        with self.lock:
            return self.outcomes[ACCEPTED]

    def sees_progress(self, seconds):
        """Whether one more is accepted in that time."""
        with self.progress:
            before = self.outcomes[ACCEPTED]
            return self.progress.wait_for(
                lambda: self.outcomes[ACCEPTED] > before, seconds)

    def end(self, seconds):
        """Whether each client knows what became of its last event."""
        self.is_over.set()
        end = time.monotonic() + seconds
        for client in self.clients:
            client.join(max(0, end - time.monotonic()))
        return not any(client.is_alive() for client in self.clients)
