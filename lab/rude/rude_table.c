// The table of rude clients, and what each stage survives: it "serves" others
// meanwhile, or it "lives" and serves them afterwards. Both are sound: stage 1
// may freeze, and no server serves without a free descriptor or while it is
// stopped.

#include "lab/rude/rude_experiments.h"

// clang-format off
static const struct experiment rows[] = {
    {"reset-idle",
     "20 clients connect, send nothing, and reset the connection (RST).",
     reset_while_idle,
     {"lives", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESPONSE,
     .by_hand =
     "python3 -c 'import socket, struct, time\n"
     "s = socket.create_connection((\"127.0.0.1\", {port}))\n"
     "linger = struct.pack(\"ii\", 1, 0)\n"
     "s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)\n"
     "time.sleep(1); s.close()'\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n",
     .shows =
     "200: the server lives. (Closing with a linger time of 0 resets.)\n",
     .clients = 21},
    {"reset-in-header",
     "20 clients reset in the middle of a header section.",
     reset_in_header,
     {"lives", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESPONSE,
     .by_hand =
     "python3 -c 'import socket, struct, time\n"
     "s = socket.create_connection((\"127.0.0.1\", {port}))\n"
     "linger = struct.pack(\"ii\", 1, 0)\n"
     "s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)\n"
     "s.sendall(b\"GET / HTT\")\n"
     "time.sleep(1); s.close()'\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n",
     .shows =
     "200: the server lives. (Closing with a linger time of 0 resets.)\n",
     .clients = 21},
    {"reset-in-body",
     "20 clients reset in the middle of a body.",
     reset_in_body,
     {"lives", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESPONSE,
     .by_hand =
     "python3 -c 'import socket, struct, time\n"
     "s = socket.create_connection((\"127.0.0.1\", {port}))\n"
     "linger = struct.pack(\"ii\", 1, 0)\n"
     "s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)\n"
     "s.sendall(b\"POST / HTTP/1.1\\r\\nHost: a\\r\\n\")\n"
     "s.sendall(b\"Content-Length: 9\\r\\n\\r\\nhalf\")\n"
     "time.sleep(1); s.close()'\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n",
     .shows =
     "200: the server lives. (Closing with a linger time of 0 resets.)\n",
     .clients = 21},
    {"reset-after-request",
     "20 clients send an event, and reset before the response comes.",
     reset_after_request,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_EVENTS,
     .by_hand =
     "python3 -c 'import socket, struct\n"
     "s = socket.create_connection((\"127.0.0.1\", {port}))\n"
     "linger = struct.pack(\"ii\", 1, 0)\n"
     "s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)\n"
     "s.sendall(b\"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\")\n"
     "s.close()'\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n",
     .shows =
     "200: the server lives. (Closing with a linger time of 0 resets.)\n",
     .clients = 21, .events = 20},
    {"reset-in-response",
     "A client requests megabytes, reads nothing, and resets.",
     reset_in_response,
     {"lives", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESPONSE,
     .server = "./workshop run N --body-max-bytes 9000000",
     .by_hand =
     "{ printf 'POST / HTTP/1.1\\r\\nHost: a\\r\\n'\n"
     "  printf 'Content-Length: 8000000\\r\\n\\r\\n'\n"
     "  head -c 8000000 /dev/zero; } | nc 127.0.0.1 {port} | sleep 2\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n",
     .shows =
     "200: the server lives.\n"},
    {"half-close",
     "20 clients shut down their side after the request. Each gets a response.",
     half_close,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_EVENTS,
     .by_hand =
     "python3 -c 'import socket\n"
     "s = socket.create_connection((\"127.0.0.1\", {port}))\n"
     "s.sendall(b\"GET /health HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\")\n"
     "s.shutdown(socket.SHUT_WR); print(s.recv(9999).decode())'\n",
     .shows =
     "200. (Python, because not every nc can shut down its side alone.)\n",
     .clients = 21, .events = 20},
    {"connect-and-close",
     "20 clients connect and close at once.",
     connect_and_close,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESPONSE,
     .by_hand =
     "for i in $(seq 200); do nc -z 127.0.0.1 {port}; done\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n",
     .shows =
     "200: the server lives.\n",
     .clients = 21},
    {"drip",
     "A client sends a byte every 100 ms, and gets its response in the end.",
     drip,
     {"lives", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESPONSE,
     .by_hand =
     "for c in G E T ' ' / ' ' H T T P / 1 . 0 '\\r' '\\n' '\\r' '\\n'; do\n"
     "  printf \"$c\"; sleep 0.1\n"
     "done | nc 127.0.0.1 {port}\n",
     .shows =
     "200 after 1.8 s (404 from stage 3 on).\n"},
    {"never-reads",
     "A client requests megabytes and never reads them: it is dropped.",
     never_reads,
     {"lives", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESTART,
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
     "200: others are served. 000 in stage 1, until it leaves.\n"},
    {"large-response",
     "A response of 1 MB for a client that reads late: it comes whole.",
     large_response,
     {"serves", "serves", NULL, NULL, NULL, NULL},
     .sketch = "cut off",
     .needs = HAS_ECHO,
     .by_hand =
     "python3 -c 'import socket, time\n"
     "s = socket.socket()\n"
     "s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1460)\n"
     "s.connect((\"127.0.0.1\", {port}))\n"
     "s.sendall(b\"POST / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\")\n"
     "s.sendall(b\"Content-Length: 1000000\\r\\n\\r\\n\" + b\"x\" * 1000000)\n"
     "time.sleep(1)\n"
     "print(sum(map(len, iter(lambda: s.recv(65536), b\"\"))), \"bytes\")'\n",
     .shows =
     "More than 1,000,000 bytes: it is whole. (Segments as on an Ethernet.)\n"},
    {"short-body",
     "20 bodies are shorter than their Content-Length: rejected, 400.",
     short_body,
     {"lives", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "no response",
     .needs = HAS_EVENTS,
     .by_hand =
     "python3 -c 'import socket\n"
     "s = socket.create_connection((\"127.0.0.1\", {port}))\n"
     "s.sendall(b\"POST / HTTP/1.1\\r\\nHost: a\\r\\n\")\n"
     "s.sendall(b\"Content-Length: 9\\r\\n\\r\\nhalf\")\n"
     "s.shutdown(socket.SHUT_WR); print(s.recv(9999).decode())'\n",
     .shows =
     "400.\n",
     .clients = 21},
    {"long-body",
     "A body is longer than its Content-Length: what follows is rejected, 400.",
     long_body,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_EVENTS,
     .by_hand =
     "{ printf 'POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 2\\r\\n\\r\\n'\n"
     "  printf 'hi, and more\\r\\n'; } | nc 127.0.0.1 {port}\n",
     .shows =
     "A response to hi, and then 400 (stage 1 closes before).\n"},
    {"endless-header",
     "A header section never ends: rejected, 431.",
     endless_header,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESPONSE,
     .by_hand =
     "{ printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\n'\n"
     "  yes \"$(printf 'X-More: more\\r')\" | head -n 9000; } |\n"
     "  nc 127.0.0.1 {port}\n",
     .shows =
     "431.\n"},
    {"many-fields",
     "A header section has 10,000 fields: rejected, 431.",
     many_fields,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESPONSE,
     .by_hand =
     "{ printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\n'\n"
     "  yes \"$(printf 'a: b\\r')\" | head -n 10000; printf '\\r\\n'; } |\n"
     "  nc 127.0.0.1 {port}\n",
     .shows =
     "431.\n"},
    {"huge-body",
     "The Content-Length is 1 GiB: rejected, 413, before the body comes.",
     huge_body,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_EVENTS,
     .by_hand =
     "{ printf 'POST / HTTP/1.1\\r\\nHost: a\\r\\n'\n"
     "  printf 'Content-Length: 1073741824\\r\\n\\r\\nhello'; } |\n"
     "  nc 127.0.0.1 {port}\n",
     .shows =
     "413.\n"},
    {"odd-bytes",
     "NUL bytes, bytes of 0xff, random bytes: rejected, 400.",
     odd_bytes,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESPONSE,
     .by_hand =
     "head -c 100 /dev/zero | nc 127.0.0.1 {port}\n"
     "head -c 4096 /dev/urandom | nc 127.0.0.1 {port}\n",
     .shows =
     "400, twice.\n"},
    {"long-noise",
     "1 MB that is not HTTP: rejected, 400, and the client is not reset.",
     long_noise,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "reset",
     .needs = HAS_RESPONSE,
     .by_hand =
     "python3 -c 'import socket\n"
     "s = socket.create_connection((\"127.0.0.1\", {port}))\n"
     "s.sendall(b\"hello\\r\\n\" + b\"x\" * 1000000)\n"
     "print(s.recv(9999).decode())'\n",
     .shows =
     "400.\n"},
    {"tls-hello",
     "A client speaks TLS: rejected, 400.",
     tls_hello,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESPONSE,
     .by_hand =
     "curl -sS -m 5 https://127.0.0.1:{port}/\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n",
     .shows =
     "curl says that this is no TLS. Then 200: the server lives.\n"},
    {"http2-preface",
     "A client speaks HTTP/2: rejected, 505.",
     http2_preface,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESPONSE,
     .by_hand =
     "curl -sS -m 5 --http2-prior-knowledge http://127.0.0.1:{port}/\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n",
     .shows =
     "curl says that this is no HTTP/2. Then 200: the server lives.\n"},
    {"pipeline",
     "100 requests come in one piece. (Stage 1: one response, then it closes.)",
     pipeline,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "1 of 100",
     .needs = HAS_RESPONSE,
     .by_hand =
     "{ for i in $(seq 99); do\n"
     "    printf 'GET /health HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'\n"
     "  done\n"
     "  printf 'GET /health HTTP/1.0\\r\\n\\r\\n'; } |\n"
     "  nc 127.0.0.1 {port} | grep -o 'HTTP/1.1 200' | uniq -c\n",
     .shows =
     "100 times 200 (once in stage 1, which then closes).\n"},
    {"pipeline-cut",
     "The same in two pieces, cut at every offset. (Stage 1: one request.)",
     pipeline_cut,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESPONSE,
     .by_hand =
     "{ printf 'GET /health HTTP/1.1\\r\\nHost: a\\r\\n\\r\\nGET /hea'; sleep 1\n"
     "  printf 'lth HTTP/1.0\\r\\n\\r\\n'; } |\n"
     "  nc 127.0.0.1 {port} | grep -o 'HTTP/1.1 200' | uniq -c\n",
     .shows =
     "Twice 200 (once in stage 1, which then closes).\n"},
    {"in-a-row",
     "20,000 connections, one after the other.",
     thousands_in_a_row,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESPONSE,
     .by_hand =
     "build/lab/lab load {port} --get /health --close --clients 1 \\\n"
     "  --requests 20000\n",
     .shows =
     "20000 responses, and 20000 connections opened.\n"},
    {"out-of-descriptors",
     "100 connections, and a limit of 64 descriptors: it waits without spinning.",
     out_of_descriptors,
     {"lives", "lives", "lives", "lives", "lives", "lives"},
     .sketch = "spins",
     .needs = HAS_RESTART,
     .server = "(ulimit -n 64; ./workshop run N)",
     .by_hand =
     "pids=; for i in $(seq 100); do\n"
     "  sleep 30 | nc 127.0.0.1 {port} & pids=\"$! $pids\"\n"
     "done; sleep 1\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n"
     "kill $(echo $pids); sleep 1\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n",
     .shows =
     "000, and top shows no CPU time. After they left, 200.\n",
     .clients = 101},
    {"sigpipe",
     "A SIGPIPE comes before each request.",
     sigpipe,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESTART,
     .server = "sh -c 'echo $$ >build/pid; exec ./workshop run N'",
     .by_hand =
     "kill -PIPE $(cat build/pid)\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n",
     .shows =
     "200: the server lives.\n"},
    {"stop-and-continue",
     "SIGSTOP, a request, SIGCONT: then the response comes.",
     stop_and_continue,
     {"lives", "lives", "lives", "lives", "lives", "lives"},
     .sketch = "lives",
     .needs = HAS_RESTART,
     .server = "sh -c 'echo $$ >build/pid; exec ./workshop run N'",
     .by_hand =
     "kill -STOP $(cat build/pid)\n"
     "(curl -so /dev/null -m 9 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health & sleep 2\n"
     "kill -CONT $(cat build/pid); wait)\n",
     .shows =
     "200 in 2 s.\n"},
    {"full-disk",
     "The trace goes to a full disk.",
     full_disk,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = NULL,
     .needs = HAS_RESTART | HAS_TRACE,
     .server = "./workshop run N --trace /dev/full",
     .by_hand =
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n",
     .shows =
     "200: the server lives.\n"},
    {"reader-leaves",
     "Standard output is a pipe, and its reader is gone.",
     reader_leaves,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = NULL,
     .needs = HAS_RESTART | HAS_EVENTS | HAS_LINES,
     .server = "./workshop run N | head -n 1",
     .by_hand =
     "curl -so /dev/null -w '%{http_code}\\n' http://127.0.0.1:{port}/ \\\n"
     "  --data '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}'\n"
     "curl -so /dev/null -m 2 -w '%{http_code} in %{time_total} s\\n' \\\n"
     "  http://127.0.0.1:{port}/health\n",
     .shows =
     "The status of an event, and 200: the server lives.\n",
     .events = 1},
    {"million",
     "1,000,000 requests cost less than 1 MiB of memory. (Stage 1: 100,000.)",
     million,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     .needs = HAS_RESTART,
     .server = "sh -c 'echo $$ >build/pid; exec ./workshop run N'",
     .by_hand =
     "build/lab/lab load {port} --get /health --requests 10000\n"
     "ps -o rss -p $(cat build/pid)\n"
     "build/lab/lab load {port} --get /health --requests 1000000\n"
     "ps -o rss -p $(cat build/pid)\n",
     .shows =
     "Twice the resident memory in KiB, and it did not grow by 1024.\n",
     .clients = 9},
    {"slow-crowd",
     "10,000 clients send a byte a second: p99 under 50 ms. (Stage 1: 100.)",
     slow_crowd,
     {"lives", "serves", "serves", "serves", "serves", "serves"},
     .sketch = NULL,
     .needs = HAS_RESTART,
     .by_hand =
     "python3 -c 'import resource, socket, time\n"
     "most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
     "resource.setrlimit(resource.RLIMIT_NOFILE, (1100, most))\n"
     "address = (\"127.0.0.1\", {port})\n"
     "crowd = [socket.create_connection(address) for i in range(1000)]\n"
     "for second in range(8):\n"
     "    for client in crowd: client.sendall(b\"x\")\n"
     "    time.sleep(1)' & sleep 2\n"
     "build/lab/lab load {port} --get /health --clients 1\n",
     .shows =
     "The p99 beside 1000 clients that send a byte a second.\n",
     .clients = 1001},
};
// clang-format on

enum { COUNT = sizeof rows / sizeof rows[0], LAST_ONES = 2 };
const struct table rude_clients = {rows, COUNT, COUNT - LAST_ONES, "serves",
                                   "lab/rude/README.md"};
