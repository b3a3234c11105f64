// The table of experiments: what each asks, and what each stage must show.

#include "lab/experiments/experiments.h"

// clang-format off
static const struct experiment rows[] = {
    {"silent-clients",
     "20 clients connect and send nothing. Does a good one get a response?",
     silent_clients,
     {"frozen", "responds", "responds", "responds", "responds", "responds"},
     .sketch = "responds",
     .needs = HAS_RESPONSE,
     .makes = "123456",
     .by_hand =
     "pids=; for i in $(seq 20); do\n"
     "  sleep 30 | nc 127.0.0.1 {port} & pids=\"$! $pids\"\n"
     "done; sleep 1\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n"
     "kill $(echo $pids)\n",
     .shows =
     "200 at once: it responds. 000 in 2 s: it is frozen until they leave.\n",
     .clients = 21},
    {"half-request",
     "20 clients send half a request. Does a good one get a response?",
     half_request,
     {"frozen", "responds", "responds", "responds", "responds", "responds"},
     .sketch = "responds",
     .needs = HAS_RESPONSE,
     .makes = "123456",
     .by_hand =
     "(printf 'POST / HTTP/1.1\\r\\nHost: a\\r\\n'; sleep 30) |\n"
     "  nc 127.0.0.1 {port} & pid=$!; sleep 1\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n"
     "kill $pid\n",
     .shows =
     "200 at once: it responds. 000 in 2 s: it is frozen until they leave.\n",
     .clients = 21},
    {"one-byte-at-a-time",
     "A client sends its request byte by byte. Must other clients wait?",
     one_byte_at_a_time,
     {"blocked", "responds", "responds", "responds", "responds", "responds"},
     .sketch = "responds",
     .needs = HAS_RESPONSE,
     .makes = "12",
     .by_hand =
     "for part in 'GET /hea' 'lth HTTP/1.1\\r\\nHost: a\\r\\n' \\\n"
     "  'Connection: close\\r\\n' '\\r\\n'; do\n"
     "  printf \"$part\"; sleep 1\n"
     "done | nc 127.0.0.1 {port} >/dev/null & sleep 0.5\n"
     "curl -so /dev/null -m 9 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n",
     .shows =
     "200 at once: it responds. 200 in 3 s: it waited for the slow client.\n"},
    {"slow-reader",
     "A client requests megabytes and reads nothing. Do others get responses?",
     slow_reader,
     {"frozen", "responds", "responds", "responds", "responds", "responds"},
     .sketch = "responds",
     .needs = HAS_RESPONSE,
     .server = "./workshop run N --body-max-bytes 9000000",
     .by_hand =
     "{ printf 'POST / HTTP/1.1\\r\\nHost: a\\r\\n'\n"
     "  printf 'Content-Length: 8000000\\r\\n\\r\\n'\n"
     "  head -c 8000000 /dev/zero; } | nc 127.0.0.1 {port} | sleep 30 &\n"
     "pid=$!; sleep 1\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n"
     "kill $pid\n",
     .shows =
     "200 at once: it responds. 000 in 2 s: it is frozen until they leave.\n"
     "(Stages 3 to 6 reject this body, and then nothing large is sent.)\n"},
    {"time-out",
     "Stage 1 with --timeout-ms: does it help a good client?",
     time_out,
     {"too late", NULL, NULL, NULL, NULL, NULL},
     .sketch = NULL,
     .needs = HAS_RESPONSE | HAS_RESTART,
     .server = "./workshop run 1 --timeout-ms 300",
     .by_hand =
     "for i in 1 2 3; do\n"
     "  sleep 30 | nc 127.0.0.1 {port} >/dev/null &\n"
     "done; sleep 0.1\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n",
     .shows =
     "200 in 0.8 s: each silent client has cost its time-out.\n",
     .clients = 5},
    {"lower-case-headers",
     "An event with content-length in small letters. Is its body read?",
     lower_case_headers,
     {"echoed", "echoed", "202", "200", "202", "202"},
     .sketch = "echoed",
     .needs = HAS_EVENTS,
     .by_hand =
     "printf '%s\\r\\n' 'POST / HTTP/1.1' 'host: a' 'connection: close' \\\n"
     "  'content-length: 42' '' \\\n"
     "  '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' |\n"
     "  nc 127.0.0.1 {port}\n",
     .shows =
     "The body comes back (stages 1, 2), or it is accepted: 202, and 200 in stage 4.\n",
     .events = 1},
    {"not-json",
     "The body is not JSON. What is the client told?",
     not_json,
     {"echoed", "echoed", "400 JSON", "400 JSON", "400 JSON", "400 JSON"},
     .sketch = "echoed",
     .needs = HAS_EVENTS,
     .makes = "123456",
     .by_hand =
     "curl -w '\\n' http://127.0.0.1:{port}/ --data hello\n",
     .shows =
     "hello comes back (stages 1, 2), or what is wrong with it: invalid_json.\n"},
    {"not-an-event",
     "The body is JSON, but its amount is 1.5. What is the client told?",
     not_an_event,
     {"echoed", "echoed", "400 JSON", "400 JSON", "400 JSON", "400 JSON"},
     .sketch = "echoed",
     .needs = HAS_EVENTS,
     .makes = "3456",
     .by_hand =
     "curl -w '\\n' http://127.0.0.1:{port}/ --data \\\n"
     "  '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1.5}'\n",
     .shows =
     "The body comes back (stages 1, 2), or what is wrong: amount.\n"},
    {"not-http",
     "The request is not HTTP. What is the client told?",
     not_http,
     {"400 HTTP", "400 HTTP", "400 HTTP", "400 HTTP", "400 HTTP", "400 HTTP"},
     .sketch = "400 HTTP",
     .needs = HAS_RESPONSE,
     .by_hand =
     "printf 'hello\\r\\n\\r\\n' | nc 127.0.0.1 {port}\n",
     .shows =
     "400 bad_request.\n"},
    {"ten-at-once",
     "Ten events at the same time. When do their responses come?",
     ten_at_once,
     {"at once", "at once", "at once", "one by one", "at once", "at once"},
     .sketch = "at once",
     .needs = HAS_EVENTS | HAS_RESTART,
     .needs_at_work = HAS_WORK,
     .makes = "456",
     .by_hand =
     "(for i in $(seq 10); do\n"
     "  curl -so /dev/null -m 30 -w '%{http_code} after %{time_total} s\\n' \\\n"
     "    http://127.0.0.1:{port}/ \\\n"
     "    --data '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' &\n"
     "done; wait)\n",
     .shows =
     "Stage 4: after 0.5 s, 1.0 s, ... 5.0 s, one by one. The others: at once.\n",
     .clients = 11, .events = 10},
    {"slow-work-in-loop",
     "The work runs on the loop's thread. Do other clients get a response?",
     slow_work_in_loop,
     {NULL, NULL, NULL, "frozen", NULL, NULL},
     .sketch = NULL,
     .needs = HAS_EVENTS | HAS_RESTART | HAS_WORK,
     .server = "./workshop run 4 --work-in-loop --work-ms 5000",
     .by_hand =
     "(curl -so /dev/null http://127.0.0.1:{port}/ \\\n"
     "  --data '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' & sleep 1\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n"
     "wait)\n",
     .shows =
     "000 in 2 s: while the loop works, it serves no client.\n"},
    {"burst",
     "300 events while the work takes for ever. What happens to them?",
     burst,
     {"takes all", "takes all", "takes all", "blocked", "100 in", "100 in"},
     .sketch = "takes all",
     .shared = "96 in", // a job in work keeps its slot, and there are four
     .needs = HAS_EVENTS | HAS_RESTART,
     .needs_at_work = HAS_WORK,
     .makes = "456",
     .server = "./workshop run N (stages 4 to 6: with --work-ms 10000)",
     .by_hand =
     "(for i in $(seq 300); do\n"
     "  curl -so /dev/null -m 5 -w '%{http_code}\\n' http://127.0.0.1:{port}/ \\\n"
     "    --data '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' &\n"
     "done; wait) | sort | uniq -c\n",
     .shows =
     "300 times 200 (202 in stage 3). Stage 4: 300 times 000, no response in 5 s.\n"
     "Stages 5 and 6: 100 in the channel and one at each worker are 202, others 503.\n"
     "Press Ctrl-C twice at the server: it does not finish them.\n",
     .clients = 301, .events = 300},
    {"throughput",
     "On how many events does the server work at once?",
     throughput,
     {"no work", "no work", "no work", "1 at once", "1 at once", "4 at once"},
     .sketch = "no work",
     .lanes = "1 at once",
     .needs = HAS_EVENTS | HAS_RESTART,
     .needs_at_work = HAS_WORK,
     .makes = "6",
     .by_hand =
     "(for i in $(seq 24); do\n"
     "  curl -so /dev/null http://127.0.0.1:{port}/ \\\n"
     "    --data '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' &\n"
     "done; sleep 3)\n"
     "curl -s http://127.0.0.1:{port}/metrics | grep '^thaw_events_done'\n",
     .shows =
     "After 3 s with 0.5 s of work for each: 6 done one by one, 24 done by four.\n",
     .clients = 25, .events = 24},
    {"hot-user",
     "One user fills the queue. Are other users shut out?",
     hot_user,
     {NULL, NULL, NULL, NULL, "shut out", "shut out"},
     .sketch = NULL,
     .lanes = "let in",
     .needs = HAS_EVENTS | HAS_RESTART | HAS_WORK | HAS_EARLY,
     .also = "let in",
     .server = "./workshop run N --work-ms 10000",
     .by_hand =
     "(for i in $(seq 120); do\n"
     "  curl -so /dev/null http://127.0.0.1:{port}/ \\\n"
     "    --data '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' &\n"
     "done; wait)\n"
     "for user in bob carol dave erin frank grace heidi ivan; do\n"
     "  curl -so /dev/null -w '%{http_code}\\n' http://127.0.0.1:{port}/ \\\n"
     "    --data '{\"user\":\"'$user'\",\"action\":\"buy\",\"amount\":1}'\n"
     "done | sort | uniq -c\n",
     .shows =
     "8 times 503: alice's events have all slots. With lanes it is 202 for those\n"
     "whose lane is not alice's, which are other users after each start.\n"
     "Press Ctrl-C twice at the server: it does not finish them.\n",
     .clients = 41, .events = 40},
    {"sustained-overload",
     "Twice as many events as can be done. How long do clients wait?",
     sustained_overload,
     {"takes all", "takes all", "takes all", "unbounded", "bounded", "bounded"},
     .sketch = "takes all",
     .needs = HAS_EVENTS | HAS_RESTART,
     .needs_at_work = HAS_WORK,
     .makes = "56",
     .server = "./workshop run N (stages 5, 6: with --capacity 20)",
     .by_hand =
     "(for i in $(seq 80); do\n"
     "  curl -so /dev/null -m 30 -w '%{http_code} after %{time_total} s\\n' \\\n"
     "    http://127.0.0.1:{port}/ \\\n"
     "    --data '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' &\n"
     "  sleep 0.25\n"
     "done; wait)\n",
     .shows =
     "Stage 4: the times grow to 20 s. Stage 5: after 40 events, every second one is\n"
     "rejected at once, 503. (For the four workers of stage 6, sleep 0.06.)\n",
     .clients = 81, .events = 80},
    {"idle-crowd",
     "1,000 clients are idle. Does a good request get slower?",
     idle_crowd,
     {"frozen", "responds", "responds", "responds", "responds", "responds"},
     .sketch = "closed",
     .server = "(ulimit -Sn 1100; ./workshop run N)",
     .needs = HAS_RESPONSE,
     .by_hand =
     "python3 -c 'import resource, socket, time\n"
     "most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
     "resource.setrlimit(resource.RLIMIT_NOFILE, (1100, most))\n"
     "address = (\"127.0.0.1\", {port})\n"
     "crowd = [socket.create_connection(address) for i in range(1000)]\n"
     "time.sleep(8)' & sleep 2\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n",
     .shows =
     "200 at once: it responds. 000: frozen, or closed without a response.\n",
     .clients = 1001},
    {"order",
     "One client sends event after event. Are they done in this order?",
     order,
     {NULL, NULL, NULL, "in order", "in order", "reordered"},
     .sketch = NULL,
     .lanes = "in order",
     .needs = HAS_EVENTS | HAS_RESTART | HAS_WORK | HAS_LINES,
     .also = "in order",
     .by_hand =
     "url=http://127.0.0.1:{port}/\n"
     "curl -s $url --data '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' \\\n"
     "  $(for i in $(seq 2 24); do\n"
     "    printf '%s\\n' --next $url --data\n"
     "    echo '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":'\"$i}\"\n"
     "  done) | grep -oE 'accepted|ok' | uniq -c\n",
     .shows =
     "24 events on one connection, so in this order. The server prints their order.\n",
     .events = 1},
    {"audit",
     "64 clients at once. Do the balances add up to what was accepted?",
     audit,
     {NULL, NULL, NULL, "agrees", "agrees", "agrees"},
     .sketch = NULL,
     .needs = HAS_EVENTS | HAS_RESTART | HAS_BALANCES,
     .server = "./workshop run N --work-ms 10",
     .by_hand =
     "(for i in $(seq 64); do\n"
     "  curl -so /dev/null http://127.0.0.1:{port}/ \\\n"
     "    --data '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' &\n"
     "done; wait); sleep 1\n"
     "curl http://127.0.0.1:{port}/balances\n",
     .shows =
     "{\"alice\":64}\n",
     .clients = 65, .events = 64},
    {"shutdown",
     "SIGTERM while events wait. Is an accepted event lost?",
     shutdown_by_signal,
     {"just ends", "graceful", "graceful", "none lost",
      "none lost", "none lost"},
     .sketch = "just ends",
     .needs = HAS_EVENTS | HAS_RESTART,
     .needs_at_work = HAS_WORK,
     .by_hand =
     "(for i in 1 2 3 4 5; do\n"
     "  curl -so /dev/null http://127.0.0.1:{port}/ \\\n"
     "    --data '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' &\n"
     "done; sleep 1)\n",
     .shows =
     "Then press Ctrl-C at the server. From stage 4 on: 5 accepted, and 5 done.\n",
     .clients = 21, .events = 20},
    {"crash",
     "kill -9 while 64 clients send events, again and again. Is one lost?",
     crash,
     {NULL, NULL, NULL, "loses", "loses", "loses"},
     .sketch = NULL,
     .durable = "keeps all",
     .shared = "keeps all",
     .needs = HAS_EVENTS | HAS_RESTART | HAS_BALANCES,
     .also = "keeps all",
     .server = "sh -c 'echo $$ >build/pid; exec ./workshop run N'",
     .by_hand =
     "(for i in $(seq 10); do\n"
     "  curl -so /dev/null -w '%{http_code}\\n' http://127.0.0.1:{port}/ \\\n"
     "    -H \"Idempotency-Key: \\\"$i\\\"\" \\\n"
     "    --data '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' &\n"
     "done; wait) | sort | uniq -c\n"
     "kill -KILL $(cat build/pid)\n",
     .shows =
     "10 times 202 (200 in stage 4), then it is dead. Start it again, and look at\n"
     "/balances. {}: all is lost. {\"alice\":10}: each is there, and was done once.\n",
     .clients = 65, .events = 64},
    {"exit",
     "SIGTERM while it is idle. How does the server end?",
     exit_by_signal,
     {"signal 15", "status 0", "status 0", "status 0", "status 0", "status 0"},
     .sketch = "signal 15",
     .needs = HAS_RESTART,
     .server = "./workshop run N & pid=$!",
     .by_hand =
     "curl -so /dev/null http://127.0.0.1:{port}/health\n",
     .shows =
     "Then type kill $pid; wait $pid; echo $? there: 0, or 143 (128 + the signal).\n"},
};
// clang-format on

enum { COUNT = sizeof rows / sizeof rows[0] };
const struct table lessons = {rows, COUNT, COUNT, NULL, NULL};
