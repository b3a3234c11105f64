// The table of experiments: what each asks, and what each stage must show.

#include "lab/experiments/experiments.h"

// clang-format off
static const struct experiment rows[] = {
    {"silent-clients",
     "20 clients connect and send nothing. Does a good one get a response?",
     silent_clients,
     {"frozen", "responds", "responds", "responds", "responds", "responds"},
     .sketch = "responds",
     "for i in $(seq 20); do sleep 30 | nc 127.0.0.1 8080 & done\n"
     "curl --max-time 2 http://127.0.0.1:8080/health\n"
     "for i in $(seq 20); do kill %$i; done   # they leave\n"},
    {"half-request",
     "20 clients send half a request. Does a good one get a response?",
     half_request,
     {"frozen", "responds", "responds", "responds", "responds", "responds"},
     .sketch = "responds",
     "(printf 'POST / HTTP/1.1\\r\\nHost: a\\r\\n'; sleep 30) |\n"
     "  nc 127.0.0.1 8080 &\n"
     "curl --max-time 2 http://127.0.0.1:8080/health\n"
     "kill %1   # it leaves\n"},
    {"one-byte-at-a-time",
     "A client sends its request byte by byte. Must other clients wait?",
     one_byte_at_a_time,
     {"blocked", "responds", "responds", "responds", "responds", "responds"},
     .sketch = "responds",
     "for c in G E T; do printf $c; sleep 1; done | nc 127.0.0.1 8080 &\n"
     "curl http://127.0.0.1:8080/health\n"},
    {"slow-reader",
     "A client requests megabytes and reads nothing. Do others get responses?",
     slow_reader,
     {"frozen", "responds", "responds", "responds", "responds", "responds"},
     .sketch = "responds",
     "# ./workshop run N --body-max-bytes 9000000, for stages 1 and 2\n"
     "{ printf 'POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 8000000\\r\\n\\r\\n'\n"
     "  head -c 8000000 /dev/zero; } | nc 127.0.0.1 8080 | sleep 30 &\n"
     "curl --max-time 2 http://127.0.0.1:8080/health\n"},
    {"time-out",
     "Stage 1 with --timeout-ms: does it help a good client?",
     time_out,
     {"too late", NULL, NULL, NULL, NULL, NULL},
     .sketch = NULL,
     "# ./workshop run 1 --timeout-ms 300\n"
     "for i in 1 2 3; do sleep 30 | nc 127.0.0.1 8080 & done\n"
     "time curl http://127.0.0.1:8080/health\n"},
    {"lower-case-headers",
     "An event with content-length in small letters. Is its body read?",
     lower_case_headers,
     {"echoed", "echoed", "202", "200", "202", "202"},
     .sketch = "echoed",
     "printf 'POST / HTTP/1.1\\r\\nhost: a\\r\\ncontent-length: 42\\r\\n\\r\\n%s' \\\n"
     "  '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' |\n"
     "  nc 127.0.0.1 8080\n"},
    {"not-json",
     "The body is not JSON. What is the client told?",
     not_json,
     {"echoed", "echoed", "400 JSON", "400 JSON", "400 JSON", "400 JSON"},
     .sketch = "echoed",
     "curl http://127.0.0.1:8080/ --data hello\n"},
    {"not-an-event",
     "The body is JSON, but its amount is 1.5. What is the client told?",
     not_an_event,
     {"echoed", "echoed", "400 JSON", "400 JSON", "400 JSON", "400 JSON"},
     .sketch = "echoed",
     "curl http://127.0.0.1:8080/ --data \\\n"
     "  '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1.5}'\n"},
    {"not-http",
     "The request is not HTTP. What is the client told?",
     not_http,
     {"400 HTTP", "400 HTTP", "400 HTTP", "400 HTTP", "400 HTTP", "400 HTTP"},
     .sketch = "400 HTTP",
     "printf 'hello\\r\\n\\r\\n' | nc 127.0.0.1 8080\n"},
    {"ten-at-once",
     "Ten events at the same time. When do their responses come?",
     ten_at_once,
     {"at once", "at once", "at once", "one by one", "at once", "at once"},
     .sketch = "at once",
     "for i in $(seq 10); do\n"
     "  curl http://127.0.0.1:8080/ --data \\\n"
     "    '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' &\n"
     "done; wait\n"},
    {"slow-work-in-loop",
     "The work runs on the loop's thread. Do other clients get a response?",
     slow_work_in_loop,
     {NULL, NULL, NULL, "frozen", NULL, NULL},
     .sketch = NULL,
     "# ./workshop run 4 --work-in-loop --work-ms 5000\n"
     "curl http://127.0.0.1:8080/ --data \\\n"
     "  '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' &\n"
     "curl --max-time 2 http://127.0.0.1:8080/health\n"},
    {"burst",
     "300 events while the work takes for ever. What happens to them?",
     burst,
     {"takes all", "takes all", "takes all", "blocked", "100 in", "100 in"},
     .sketch = "takes all",
     .clients = 300, .by_hand =
     "# stages 4 to 6: mkfifo gate; ./workshop run N --work-gate gate\n"
     "for i in $(seq 300); do\n"
     "  curl -s http://127.0.0.1:8080/ --data \\\n"
     "    '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' &\n"
     "done\n"},
    {"throughput",
     "On how many events does the server work at once?",
     throughput,
     {"no work", "no work", "no work", "1 at once", "1 at once", "4 at once"},
     .sketch = "no work",
     "for i in $(seq 24); do\n"
     "  curl -s http://127.0.0.1:8080/ --data \\\n"
     "    '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' &\n"
     "done; sleep 3\n"
     "curl -s http://127.0.0.1:8080/metrics | grep events_done\n"},
    {"sustained-overload",
     "Twice as many events as can be done. How long do clients wait?",
     sustained_overload,
     {"takes all", "takes all", "takes all", "unbounded", "bounded", "bounded"},
     .sketch = "takes all",
     .clients = 80, .by_hand =
     "# stages 5, 6: --capacity 20; and for stage 6, sleep 0.06\n"
     "for i in $(seq 80); do\n"
     "  curl -s http://127.0.0.1:8080/ --data \\\n"
     "    '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' &\n"
     "  sleep 0.25\n"
     "done; wait\n"},
    {"idle-crowd",
     "1,000 clients are idle. Does a good request get slower?",
     idle_crowd,
     {"frozen", "responds", "responds", "responds", "responds", "responds"},
     .sketch = "closed",
     .clients = 1000, .by_hand =
     "for i in $(seq 1000); do sleep 60 | nc 127.0.0.1 8080 & done\n"
     "time curl http://127.0.0.1:8080/health\n"},
    {"order",
     "Are one user's events done in the order in which they were accepted?",
     order,
     {NULL, NULL, NULL, "in order", "in order", "reordered"},
     .sketch = NULL,
     "url=http://127.0.0.1:8080/   # on one connection, so in this order:\n"
     "curl -s $(for i in $(seq 24); do\n"
     "  echo \"--next $url --data {\\\"user\\\":\\\"alice\\\",\\\"action\\\":\\\"buy\\\",\\\"amount\\\":$i}\"\n"
     "done)\n"},
    {"audit",
     "64 clients at once. Do the balances add up to what was accepted?",
     audit,
     {NULL, NULL, NULL, "agrees", "agrees", "agrees"},
     .sketch = NULL,
     "# ./workshop run N --work-ms 10\n"
     "for i in $(seq 64); do\n"
     "  curl -s http://127.0.0.1:8080/ --data \\\n"
     "    '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' &\n"
     "done; wait; sleep 1; curl http://127.0.0.1:8080/balances\n"},
    {"shutdown",
     "SIGTERM while events wait. Is an accepted event lost?",
     shutdown_by_signal,
     {"just ends", "graceful", "graceful", "none lost",
      "none lost", "none lost"},
     .sketch = "just ends",
     "for i in 1 2 3 4 5; do\n"
     "  curl -s http://127.0.0.1:8080/ --data \\\n"
     "    '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}' &\n"
     "done; sleep 1   # then press Ctrl-C at the server, and see what it prints\n"},
};
// clang-format on

enum { COUNT = sizeof rows / sizeof rows[0] };
const struct table lessons = {rows, COUNT, COUNT};
