#!/usr/bin/env python3
"""The last steps of exercise 4: the whole server.

    check.py one|ten|leave|fails SERVER
"""

import json
import pathlib
import select
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from server import (READERS_PORT, Server, doing, event,  # noqa: E402
                    fail, request_of, that, until)

A_WHILE = 0.15  # seconds, for what must not come
SOON = 1.5  # seconds, for what must come
EVENTS = 10
INT64_MAX = (1 << 63) - 1
STAGE4 = "build/stage4_slow/stage4_slow"
URL = f"127.0.0.1:{READERS_PORT}"
CURL = (f"curl -s {URL} -d "
        """'{"user":"alice","action":"buy","amount":5}'""")  # for a person
GATE = f"mkfifo gate; {STAGE4} --work-gate gate & sleep 1"

FROZEN = ("the loop is not free: the work, or a wait for the mutex, is on the "
          "loop's own thread. submit starts a thread, and returns without "
          "waiting for it")


def close(*clients):
    """At the end, the server waits for clients that are still there."""
    for client in clients:
        client.socket.close()


def by_hand(*lines):
    """Instead of what it was before; a line can be copied."""
    print("by hand: ")
    for line in lines:
        print(f"by hand: {line}")


def has_come(client, seconds=0.0):
    """Bytes, or the end of the connection."""
    return bool(client.pending or
                select.select([client.socket], [], [], seconds)[0])


def count_come(clients):
    return sum(map(has_come, clients))


def post(server, user, amount=1):
    client = server.connect()
    client.send(request_of("POST", "/", event(user, amount)))
    return client


def has_ended(server):
    return until(lambda: server.process.poll() is not None, 0.2)


def open_gate(server, jobs):
    server.has_worked = True
    server.finish(jobs)


def why_ended(server):
    """(came, likely) of a server that is not there any more."""
    lines = [line for line in server.printed().splitlines()
             if "listening on" not in line]
    came = " / ".join([server.ending(), *lines[-3:]])
    if "http_status" in came and not server.has_worked:
        return (came, "a response without a status was sent. submit must set "
                "response->deferred, so that nothing is sent before "
                "conn_complete; and the task fills in job->mail.response")
    return (came, "the job. Is it from malloc? The mailbox frees it; a "
            "variable of submit's is gone when submit returns, and a static "
            "one is the same for all events. Is all of it set? malloc leaves "
            "old bytes, *job = (struct job){...} leaves none. Is it used, or "
            "freed, after mailbox_post? It belongs to the mailbox then")


def why_none(server, client):
    """(came, likely) of a response that is missing."""
    if has_ended(server):
        return why_ended(server)
    other = server.connect()
    other.send(request_of("GET", "/health"))
    if not has_come(other, SOON):
        return "no response, and none to GET /health either", FROZEN
    if has_come(client, SOON):
        return ("a response, but only after GET /health had woken the loop",
                "does the thread call conn_complete itself? Connections belong "
                "to the loop's thread, and nothing wakes it. The thread posts "
                "its mail: mailbox_post(&responses, &job->mail)")
    return ("no response; GET /health gets one",
            "does `work` run the task, and then post the mail? Is "
            "response->conn in the mail?")


def is_closed(client):
    try:
        return client.socket.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


def trimmed(response):
    """A body may end with a newline."""
    status, body = response
    return status, body.rstrip("\n")


def response(server, client, wanted):
    """(status, body) of a response that has every reason to come."""
    if not has_come(client, SOON) or (is_closed(client) and has_ended(server)):
        came, likely = why_none(server, client)
        fail(came, wanted, likely)
    return trimmed(client.response())


def expect(server, client, status, body, likely):
    came = response(server, client, f"{status} {body}")
    that(came == (status, body), f"{came[0]} {came[1]}", f"{status} {body}",
         likely)


def ok(balance):
    return json.dumps({"status": "ok", "balance": balance},
                      separators=(",", ":"))


def expect_none(server, clients, why):
    """`why`: what is to happen before a response may come."""
    time.sleep(A_WHILE)
    for client in clients:
        if has_come(client):
            status, body = response(server, client, "no response yet")
            fail(f"a response before {why}: {status} {body}",
                 "no response yet",
                 "submit returned false, and true is for a job that was "
                 "submitted" if status == 503
                 else "response->deferred must be true, so that nothing is "
                 "sent before conn_complete")


# --- 4.5 One event ------------------------------------------------------------


def one(server):
    by_hand(GATE, f"{CURL} &",
            "sleep 1; printf x >gate; wait %2; kill %1; rm gate")
    doing('an event, "alice" +5; its work waits at the gate')
    alice = post(server, "alice", 5)
    expect_none(server, [alice], "its work was done")
    doing('another one, "bob" +7; and then the gate opens for one, and for the '
          "other")
    bob = post(server, "bob", 7)
    expect_none(server, [alice, bob], "its work was done")
    open_gate(server, 1)
    until(lambda: count_come([alice, bob]) > 0, SOON)
    open_gate(server, 1)
    mixed = ("each job needs memory of its own, with a copy of its event and "
             "its client's connection. Are there two jobs in one place?")
    expect(server, alice, 200, ok(5), mixed)
    expect(server, bob, 200, ok(7), mixed)
    doing("alice +1, on the same connection as before")
    open_gate(server, 1)
    alice.send(request_of("POST", "/", event("alice", 1)))
    expect(server, alice, 200, ok(6), "the balance after all of her events. Is "
           "the mutex locked around store_add?")
    close(bob)
    overflow(server, alice)


def overflow(server, alice):
    """store_add does not always succeed."""
    doing(f'alice +{INT64_MAX}, which store_add rejects: her balance would '
          "overflow")
    open_gate(server, 2)
    alice.send(request_of("POST", "/", event("alice", INT64_MAX)))
    status, body = response(server, alice, "409 and balance_overflow")
    that(status == 409, f"{status} {body}", "409 and balance_overflow",
         "the result of store_add goes to respond_result")
    doing("bob +1, after the event that failed")
    bob = post(server, "bob", 1)
    if not has_come(bob, SOON):
        fail("no response", f"200 {ok(8)}",
             "the mutex is still locked: apply must unlock it on each way, "
             "also when store_add does not return STORE_ADDED")
    expect(server, bob, 200, ok(8), "the balance after all of his events")
    doing("GET /balances, which waits for the same mutex in a thread")
    client = server.connect()
    client.send(request_of("GET", "/balances"))
    wanted = '{"alice":6,"bob":8}'
    status, body = response(server, client, f"200 {wanted}")
    that(status == 200 and json.loads(body) == json.loads(wanted),
         f"{status} {body}", f"200 {wanted}",
         "two threads changed the balances at the same time: store_add needs "
         "the mutex")
    close(alice, bob, client)


# --- 4.6 Ten at once ----------------------------------------------------------


def ten(server):
    by_hand(GATE, f"{CURL} &",
            f"sleep 1; curl -s --max-time 1 {URL}/health",
            "printf x >gate; wait %2; kill %1; rm gate")
    doing(f"{EVENTS} events at the same time, whose work waits at the gate; "
          "and then GET /health")
    clients = [post(server, "alice") for _ in range(EVENTS)]
    health = server.connect()
    health.send(request_of("GET", "/health"))
    that(has_come(health, SOON), "no response to GET /health within "
         f"{SOON} s, while events wait for their work", "200, at once", FROZEN)
    that(health.response()[0] == 200, "another status", "200",
         "GET /health was changed")
    expect_none(server, clients, "its work was done")
    for done in range(1, EVENTS + 1):
        doing(f"the gate opens for the work of one event, the {done}. of "
              f"{EVENTS}")
        open_gate(server, 1)
        if not until(lambda: count_come(clients) >= done, SOON):
            missing = [it for it in clients if not has_come(it)]
            came, cause = why_none(server, missing[0])
            fail(f"{count_come(clients)} responses in all; of the next: {came}",
                 f"{done} responses in all", cause)
        that(count_come(clients) == done,
             f"{count_come(clients)} responses in all", f"{done}",
             "a response was sent before the work was done")
    doing("the balances in their responses")
    found = sorted(trimmed(client.response()) for client in clients)
    wanted = sorted((200, ok(balance)) for balance in range(1, EVENTS + 1))
    that(found == wanted, ", ".join(body for _, body in found),
         f"each balance from 1 to {EVENTS} once",
         "two threads changed the balance at the same time: store_add needs "
         "the mutex")
    close(health, *clients)


def staircase(command):
    """Time is the lesson here: one by one, ten pauses cannot take less."""
    work_ms = 80
    with Server(command, "--work-ms", str(work_ms)) as server:
        server.has_worked = True
        by_hand(f"{STAGE4} --work-ms 500 & sleep 1",
                "for i in 1 2 3 4 5 6 7 8 9 10; do",
                f"{CURL} &", "done; sleep 6; kill %1")
        doing(f"{EVENTS} events at almost the same time, each with {work_ms} "
              "ms of work")
        start = time.monotonic()
        clients = []
        for _ in range(EVENTS):
            clients.append(post(server, "alice"))
            time.sleep(0.004)
        for client in clients:
            response(server, client, "200")
        took = 1000 * (time.monotonic() - start)
        least = EVENTS * work_ms
        that(took > least - 5, f"all {EVENTS} responses after {took:.0f} ms: "
             "the threads worked in parallel",
             f"one after the other, so {EVENTS} * {work_ms} = {least} ms or "
             "more",
             "the mutex is locked around the change alone, or not at all. This "
             "stage is slow on purpose: lock it before simulated_work_run, and "
             "see what that costs")
        close(*clients)
        server.stop()
        server.expect_end("a thread that never ends?")


# --- 4.7 Clients that leave, and the end --------------------------------------


def leave(server):
    by_hand(GATE, f"{CURL} &",
            "sleep 1; kill %1; sleep 1; printf x >gate; wait; rm gate")
    doing("5 events, whose work waits at the gate; two of their clients leave")
    clients = [post(server, "alice") for _ in range(5)]
    if not until(lambda: server.metric("thaw_events_accepted_total") == 5):
        fail(f"{server.metric('thaw_events_accepted_total')} accepted", "5",
             "apply counts an event before it waits for the mutex")
    clients.pop().socket.close()
    clients.pop(0).socket.close()
    doing("SIGTERM, while the work of all 5 still waits")
    server.stop()
    that(not until(lambda: server.process.poll() is not None, A_WHILE),
         f"{server.process.poll() is None or server.ending()}",
         "the server waits for its 5 events",
         "response->deferred must be true: then the connection, and with it "
         "the server, waits for conn_complete")
    doing("the gate opens for all 5")
    open_gate(server, 5)
    for client in clients:
        if not has_come(client, SOON):
            came, cause = why_none_at_the_end(server)
            fail(came, "200", cause)
        status, body = trimmed(client.response())
        that(status == 200, f"{status} {body}", "200",
             "the client did not leave, so it gets its balance")
        close(client)
    printed = server.expect_end(
        "each deferred response must be completed, also one whose client has "
        "left: conn_complete knows that, and the server waits for it")
    that("5 accepted" in printed and "5 done" in printed,
         printed.strip().splitlines()[-1], "5 accepted, and 5 done",
         "a client that leaves does not take its event back")


def why_none_at_the_end(server):
    if until(lambda: server.process.poll() is not None, 0.5):
        return (f"no response; {server.ending()}",
                "the mail of a client that has left is a mail like any other: "
                "conn_complete is called for it, too, once")
    return ("no response", "each deferred response needs one conn_complete, "
            "also while the server stops: so `work` posts the mail in each "
            "case")


# --- 4.8 No memory, no thread -------------------------------------------------

FAULTS = {
    "malloc": ("the first call of malloc returns NULL",
               "malloc returns NULL when there is no memory. Look at that "
               "before the job is used; then submit returns false, and nothing "
               "is deferred"),
    "thread": ("the first thread cannot be started",
               "thread_start returns false (and pthread_create not 0) when "
               "there is no other thread. The job has nothing then that runs "
               "it: free it, defer nothing, and return false"),
}


def fails(command, call):
    what, likely = FAULTS[call]
    by_hand(f"THAW_FAULT={call} build/exercises/faulty_4_mailbox & sleep 1",
            CURL, CURL, "kill %1")
    with Server(command, "--work-ms", "0", fault=call) as server:
        doing(f'an event, "alice" +5; {what}')
        alice = post(server, "alice", 5)
        if not has_come(alice, SOON) or is_closed(alice):
            fail(server.ending() if has_ended(server) else "no response",
                 "503", likely)
        status, body = trimmed(alice.response())
        # Memory may come from elsewhere: then it has not failed.
        is_told = status == 503 or (call == "malloc" and body == ok(5))
        that(is_told, f"{status} {body}", "503", likely)
        before = 5 if status == 200 else 0
        for number in 1, 2:
            doing(f'"alice" +5, {number}. event after that: {what}')
            alice.send(request_of("POST", "/", event("alice", 5)))
            after = ("what failed once is over: the next event has its memory "
                     "and its thread, and the mutex must not be locked")
            if not has_come(alice, SOON):
                fail("no response", f"200 {ok(before + 5 * number)}", after)
            expect(server, alice, 200, ok(before + 5 * number), after)
        close(alice)
        doing(f"SIGTERM, after two events and one that failed: {what}")
        server.stop()
        printed = server.expect_end("an event that was deferred and never "
                                    "completed: defer it only when its thread "
                                    "runs")
        that("never freed" not in printed,
             printed.partition("never freed: ")[2].split("\n")[0]
             + " were never freed", "nothing leaks", likely)


def main():
    steps = {"one": one, "ten": ten, "leave": leave}
    if len(sys.argv) < 3 or sys.argv[1] not in (*steps, "fails"):
        sys.exit(__doc__)
    step, command = sys.argv[1], sys.argv[2:]
    if step == "fails":
        for call in FAULTS:
            fails(command, call)
        return
    run = steps[step]
    with Server(command, gate=True) as server:
        server.has_worked = False
        run(server)
        if step != "leave":
            doing("SIGTERM")
            server.stop()
            server.expect_end("a thread that never ends?")
    if step == "ten":
        staircase(command)


if __name__ == "__main__":
    main()
