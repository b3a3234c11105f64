// What each experiment sends, and the likely cause of what was seen.

#include "lab/judge/causes.h"

const struct cause_sent causes_sent[] = {
    {"silent-clients", "20 connections without a byte, then GET /health"},
    {"half-request", "20 times half of a POST, and the connection stays open; "
                     "then GET /health"},
    {"one-byte-at-a-time",
     "a GET in pieces of one byte, 20 ms apart; beside it GET /health"},
    {"slow-reader",
     "a request for megabytes, which the client does not read; then GET "
     "/health"},
    {"time-out",
     "TIMEOUT_MS=300, three silent clients, and GET /health after them"},
    {"lower-case-headers",
     "POST / of an event, with content-length in small letters"},
    {"not-json", "POST / with the body hello"},
    {"not-an-event", "POST / of an event whose amount is 1.5"},
    {"not-http", "the line hello, and an empty line"},
    {"ten-at-once", "POST / of ten events, each on its own connection; after "
                    "that GET /health and a body that is no event"},
    {"slow-work-in-loop",
     "WORK_IN_LOOP=1, an event whose work is held, then GET /health"},
    {"burst", "POST / of 300 events, each on its own connection, while no work "
              "ends; first one event for each worker"},
    {"hot-user",
     "POST / of 40 events of one user, with CAPACITY=10, and then of "
     "16 others"},
    {"throughput", "POST / of events, six for each worker"},
    {"sustained-overload",
     "CAPACITY=20, and POST / of 80 events, twice as fast as they can be done"},
    {"idle-crowd", "1,000 connections without a byte, then GET /health, often"},
    {"order",
     "60 events of one user, each after the response to the one before"},
    {"audit", "6,400 events of three users, on 64 connections"},
    {"shutdown", "20 events, then SIGTERM, then the work is released"},
    {"crash", "POST / of events on 64 connections, each event with an "
              "Idempotency-Key of its own; SIGKILL; the same start; and again"},
    {"exit", "GET /health, then SIGTERM"},
    {NULL, NULL},
};

const struct cause causes[] = {
    {NULL, NULL, "did not start",
     "With these settings it does not start. What does it print? Does it read "
     "a variable of lab/CONTRACT.md in another way?"},
    {NULL, NULL, "dead",
     "It gives no response even after the others left. Has a thread ended, or "
     "does it still wait for one that left? Look at what recv returns: 0 is "
     "the end, and -1 an error."},
    {NULL, NULL, "no status",
     "Bytes come, and their first line is no status line, as HTTP/1.1 400 Bad "
     "Request is. Does it take the request for HTTP/0.9, which has none?"},
    {"silent-clients", NULL, "frozen",
     "The second client got its response only after the first left. Do you "
     "read one client to its end before you accept the next? A read must not "
     "wait while others are there: poll first, or a thread for each."},
    {"half-request", NULL, "frozen",
     "It waits for the other half, and serves no other client. Keep what came "
     "with the connection, and go back to poll."},
    {"one-byte-at-a-time", NULL, "blocked",
     "It reads the slow request to its end first. Keep what came, and go back "
     "to poll after each read."},
    {"slow-reader", NULL, "frozen",
     "It waits in send until the client reads. On a non-blocking socket send "
     "takes what fits; keep the other bytes until poll reports POLLOUT."},
    {"silent-clients", "frozen", NULL,
     "Stage 1 shows the defect: one thread, one client after the other. This "
     "server has its cure already."},
    {"half-request", "frozen", NULL,
     "Stage 1 shows the defect: one thread, one client after the other. This "
     "server has its cure already."},
    {"idle-crowd", NULL, "closed",
     "It closes connections that are more than it has room for. Is there a "
     "fixed array? The descriptor limit is the only one that must be."},
    {"idle-crowd", NULL, "frozen",
     "With 1,000 connections it serves none. One thread for each client, or "
     "one client after the other?"},
    {"lower-case-headers", NULL, "4",
     "Field names have no case: content-length is Content-Length (RFC 9110, "
     "5.1). Compare them without it."},
    {"lower-case-headers", NULL, "none",
     "Without the length it does not know where the body ends. Field names "
     "have no case: content-length is Content-Length (RFC 9110, 5.1)."},
    {"not-json", "400 JSON", "202",
     "It accepts a body that is not JSON. Decode it before you accept it."},
    {"not-an-event", "400 JSON", "202",
     "It accepts an amount that is not an integer. JSON has one kind of "
     "number, and your language may round it: look at how it is written."},
    {NULL, "400 JSON", "400",
     "It rejects the body and does not say why. The body of the response is "
     "JSON with a reason that begins with invalid_: {\"reason\": "
     "\"invalid_json\"}, or \"invalid_event\" for JSON that is not an event."},
    {NULL, "400 JSON", "echoed",
     "It echoes what is no event. Stage 3 decodes the body and rejects this."},
    {NULL, "400 JSON", "5",
     "A body that is not JSON makes it fail: is an exception caught nowhere?"},
    {NULL, "echoed", NULL,
     "Stages 1 and 2 send the body back, whatever it is: the same bytes, with "
     "their length."},
    {"not-http", NULL, "none",
     "It gives no response to what is not HTTP. Does it still wait for more? "
     "A line without a version is no request."},
    {"not-http", NULL, NULL,
     "A line that is no request line is rejected with a whole HTTP response, "
     "400."},
    {"ten-at-once", NULL, "frozen",
     "While it works on the events, it serves no other client. Is the work "
     "done on the thread that reads? Give it to another."},
    {"ten-at-once", "one by one", "in parallel",
     "The ten work at the same time. Stage 4 holds one mutex around the work "
     "and the change, so they are done one by one."},
    {"ten-at-once", "one by one", "at once",
     "The responses come before the work. In stage 4 a client waits until its "
     "event is done."},
    {"ten-at-once", "at once", "one by one",
     "A client waits for the work of the others. In stages 5 and 6 the event "
     "goes into the channel, and the response is 202 at once."},
    {"ten-at-once", "at once", "in parallel",
     "A client waits for the work of its event. In stages 5 and 6 the event "
     "goes into the channel, and the response is 202 at once."},
    {"burst", "100 in", "takes all",
     "It accepts more events than CAPACITY: nothing bounds the queue, and "
     "memory grows. A full channel rejects: 503."},
    {"burst", "100 in", "blocked",
     "It waits until there is room. A full channel rejects at once: 503."},
    {"burst", "100 in", "99 in",
     "One too few: does the channel count the job at a worker, or keep one "
     "slot empty?"},
    {"burst", "100 in", "101 in",
     "One too many. Is it `>` where it should be `>=`? Or did the worker not "
     "take its event before the others came?"},
    {"burst", "100 in", NULL,
     "CAPACITY events may wait, one more for each worker is worked on, and all "
     "others get 503. Is CAPACITY read?"},
    {"burst", "blocked", NULL,
     "In stage 4 no response comes before the work, and no event is rejected."},
    {"burst", "takes all", NULL,
     "This stage does no work: each of the 300 gets its response."},
    {"hot-user", NULL, "takes all",
     "No event was rejected, although CAPACITY was 10: is the channel "
     "bounded?"},
    {"hot-user", "let in", "shut out",
     "One queue for all users. Give each worker one of its own, and let the "
     "user's name decide which one gets an event."},
    {"throughput", NULL, "not done",
     "Accepted events are not done. Does a worker still wait: does try_send "
     "signal the condition? Has a worker ended?"},
    {"throughput", "4 at once", "1 at once",
     "One event at a time. Are there WORKERS threads, and is the mutex held "
     "while they work? Hold it around the change alone."},
    {"throughput", "1 at once", NULL,
     "More than one event at a time: this stage has one mutex around the work, "
     "or one worker."},
    {"throughput", NULL, NULL,
     "The number is jobs per second, times WORK_MS. Is the mutex held during "
     "the work? Is WORK_MS read?"},
    {"sustained-overload", "bounded", "takes all",
     "It accepts twice what it can do, and the queue grows. Is CAPACITY read?"},
    {"sustained-overload", "bounded", "unbounded",
     "Each client waits longer than the one before. A bounded channel rejects "
     "with 503 instead."},
    {"sustained-overload", "unbounded", NULL,
     "In stage 4 each event waits for all before it, and none is rejected."},
    {"order", "in order", "reordered",
     "Two threads may change a balance in another order than the events came. "
     "One worker does them in order."},
    {"order", NULL, NULL,
     "Not every event has its line: a print for each change, before the next."},
    {"audit", NULL, "differs",
     "An accepted event is lost or done twice. Is the balance read, worked on "
     "and written without the mutex?"},
    {"shutdown", NULL, "just ends",
     "SIGTERM ends it at once. Handle it: accept no more, finish what was "
     "accepted, print the last line, end with 0."},
    {"shutdown", NULL, "says nothing",
     "It ends, and its last line does not say `stopped: `, so it can't be seen "
     "whether an event was lost."},
    {"shutdown", NULL, "some lost",
     "Events that were accepted are not done. Close the channel, and wait for "
     "the workers until it is empty, before the end."},
    {"exit", "status 0", "signal 15",
     "It does not handle SIGTERM. From stage 2 on a server stops by itself, "
     "with status 0."},
    {"exit", "status 0", "signal 9",
     "SIGTERM does not end it: the lab had to kill it. Does a thread wait for "
     "ever?"},
    {"exit", "signal 15", NULL,
     "Stage 1 has no graceful shutdown: the signal just ends it."},
    {"crash", NULL, "stays down",
     "It does not start where it was killed. Does it find a lock file, or a "
     "file that was written to the half? Nothing cleans up after SIGKILL."},
    {"crash", NULL, "no outcome",
     "A client that sends its event again, with the same Idempotency-Key, must "
     "get a 202 at last, also if the event is stored already."},
    {"crash", NULL, "loses",
     "A 202 is sent before the event is on the disk, or what is on the disk is "
     "not read at the start. Commit first (fsync), and then respond."},
    {"crash", NULL, "doubles",
     "An event is applied twice. Is its Idempotency-Key stored with it, in the "
     "same transaction? And is it removed in the transaction that applies it?"},
    {"crash", NULL, "applies a 503",
     "A 503 says that the event is not stored, and its client may send another "
     "one instead. What is uncertain gets another status."},
    {"crash", NULL, "ended before",
     "It ended before it was killed. What did it print last?"},
    {"crash", NULL, "not done",
     "The balances do not come to rest: is an event done again and again?"},
    {"ten-at-once", NULL, NULL,
     "Not all ten are accepted, and there is room for 100. Is CAPACITY's "
     "default smaller, or is a full channel never emptied?"},
    {"audit", NULL, NULL,
     "It accepts hardly an event, and CAPACITY is 10000. Is a full channel "
     "never emptied?"},
    {"sustained-overload", NULL, NULL,
     "It accepts fewer events than CAPACITY. Is a full channel never emptied?"},
    {NULL, NULL, "no response",
     "The client gets no response, not even a rejection. Does it wait for more "
     "bytes, or close without a word? What is wrong gets 400."},
    {NULL, NULL, "not rejected",
     "What is no request gets a response with the status 400, and then the "
     "connection is closed."},
    {NULL, NULL, "reset",
     "It closes while the client is still sending: the system then resets the "
     "connection, and the response is lost. Shut down your side, read on for "
     "a moment, and then close (RFC 9112, 9.6)."},
    {NULL, NULL, "stays open",
     "After a rejection it does not know where the next request begins: it "
     "must close the connection."},
    {NULL, NULL, "cut off",
     "A part of the response is lost. send takes what fits: keep the other "
     "bytes, and go on when poll reports POLLOUT."},
    {NULL, NULL, "not dropped",
     "The client reads nothing, and the server keeps the response for ever. Is "
     "there a time-out for sending?"},
    {NULL, NULL, "leaks",
     "More descriptors are open than before the clients came. Which path "
     "returns without close: an error of recv or send, a client that leaves?"},
    {NULL, NULL, "grows",
     "It uses more memory after each round. What belongs to a connection, and "
     "is not freed when the client leaves?"},
    {NULL, NULL, "spins",
     "It uses the processor while there is nothing to do. Does accept fail, "
     "and poll report the same client again at once? Does a time-out of 0 "
     "reach poll?"},
    {NULL, NULL, "p99",
     "A good client waits too long beside many slow ones. Does one iteration "
     "do something for each connection, even an idle one?"},
    {NULL, NULL, NULL, "Repeat it by hand, and look at what it prints."},
};
