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
     "# closing with a linger time of 0 resets\n"
     "python3 -c 'import socket, struct, time\n"
     "s = socket.create_connection((\"127.0.0.1\", 8080))\n"
     "s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(\"ii\", 1, 0))\n"
     "time.sleep(5); s.close()'\n"},
    {"reset-in-header",
     "20 clients reset in the middle of a header section.",
     reset_in_header,
     {"lives", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "python3 -c 'import socket, struct, time\n"
     "s = socket.create_connection((\"127.0.0.1\", 8080))\n"
     "s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(\"ii\", 1, 0))\n"
     "s.sendall(b\"GET / HTT\"); time.sleep(5); s.close()'\n"},
    {"reset-in-body",
     "20 clients reset in the middle of a body.",
     reset_in_body,
     {"lives", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "python3 -c 'import socket, struct, time\n"
     "s = socket.create_connection((\"127.0.0.1\", 8080))\n"
     "s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(\"ii\", 1, 0))\n"
     "s.sendall(b\"POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 9\\r\\n\\r\\nhalf\")\n"
     "time.sleep(5); s.close()'\n"},
    {"reset-after-request",
     "20 clients send an event, and reset before the response comes.",
     reset_after_request,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "python3 -c 'import socket, struct\n"
     "s = socket.create_connection((\"127.0.0.1\", 8080))\n"
     "s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(\"ii\", 1, 0))\n"
     "s.sendall(b\"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"); s.close()'\n"},
    {"reset-in-response",
     "A client requests megabytes, reads nothing, and resets.",
     reset_in_response,
     {"lives", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "# ./workshop run N --body-max-bytes 9000000, for stages 1 and 2\n"
     "{ printf 'POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 8000000\\r\\n\\r\\n'\n"
     "  head -c 8000000 /dev/zero; } | nc 127.0.0.1 8080 | sleep 5\n"},
    {"half-close",
     "20 clients shut down their side after the request. Each gets a response.",
     half_close,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "python3 -c 'import socket   # not every nc can do it\n"
     "s = socket.create_connection((\"127.0.0.1\", 8080))\n"
     "s.sendall(b\"GET /health HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\")\n"
     "s.shutdown(socket.SHUT_WR); print(s.recv(9999).decode())'\n"},
    {"connect-and-close",
     "20 clients connect and close at once.",
     connect_and_close,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "for i in $(seq 1000); do nc -z 127.0.0.1 8080; done\n"},
    {"drip",
     "A client sends a byte every 100 ms, and gets its response in the end.",
     drip,
     {"lives", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "for c in G E T ' ' / ' ' H T T P / 1 . 1 '\\r' '\\n' '\\r' '\\n'; do\n"
     "  printf \"$c\"; sleep 0.1\n"
     "done | nc 127.0.0.1 8080\n"},
    {"never-reads",
     "A client requests megabytes and never reads them: it is dropped.",
     never_reads,
     {"lives", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "# ./workshop run N --body-max-bytes 9000000, for stages 1 and 2\n"
     "{ printf 'POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 8000000\\r\\n\\r\\n'\n"
     "  head -c 8000000 /dev/zero; } | nc 127.0.0.1 8080 | sleep 60 &\n"
     "curl --max-time 2 http://127.0.0.1:8080/health\n"
     "kill %1\n"},
    {"large-response",
     "A response of 1 MB for a client that reads late: it comes whole.",
     large_response,
     {"serves", "serves", NULL, NULL, NULL, NULL},
     .sketch = "cut off",
     "python3 -c 'import socket, time   # segments as on an Ethernet\n"
     "s = socket.socket()\n"
     "s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1460)\n"
     "s.connect((\"127.0.0.1\", 8080))\n"
     "s.sendall(b\"POST / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\")\n"
     "s.sendall(b\"Content-Length: 1000000\\r\\n\\r\\n\" + b\"x\" * 1000000)\n"
     "time.sleep(1)\n"
     "print(sum(map(len, iter(lambda: s.recv(65536), b\"\"))), \"bytes\")'\n"},
    {"short-body",
     "20 bodies are shorter than their Content-Length: rejected, 400.",
     short_body,
     {"lives", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "no response",
     "python3 -c 'import socket\n"
     "s = socket.create_connection((\"127.0.0.1\", 8080))\n"
     "s.sendall(b\"POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 9\\r\\n\\r\\nhalf\")\n"
     "s.shutdown(socket.SHUT_WR); print(s.recv(9999).decode())'\n"},
    {"long-body",
     "A body is longer than its Content-Length: what follows is rejected, 400.",
     long_body,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "printf 'POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 2\\r\\n\\r\\nhi, and more\\r\\n' |\n"
     "  nc 127.0.0.1 8080\n"},
    {"endless-header",
     "A header section never ends: rejected, 431.",
     endless_header,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "{ printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\n'; yes \"$(printf 'X-More: more\\r')\"; } |\n"
     "  nc 127.0.0.1 8080\n"},
    {"many-fields",
     "A header section has 10,000 fields: rejected, 431.",
     many_fields,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "{ printf 'GET / HTTP/1.1\\r\\nHost: a\\r\\n'\n"
     "  yes \"$(printf 'a: b\\r')\" | head -n 10000; printf '\\r\\n'; } |\n"
     "  nc 127.0.0.1 8080\n"},
    {"huge-body",
     "The Content-Length is 1 GiB: rejected, 413, before the body comes.",
     huge_body,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "printf 'POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1073741824\\r\\n\\r\\nhello' |\n"
     "  nc 127.0.0.1 8080\n"},
    {"odd-bytes",
     "NUL bytes, bytes of 0xff, random bytes: rejected, 400.",
     odd_bytes,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "head -c 100 /dev/zero | nc 127.0.0.1 8080\n"
     "head -c 4096 /dev/urandom | nc 127.0.0.1 8080\n"},
    {"long-noise",
     "1 MB that is not HTTP: rejected, 400, and the client is not reset.",
     long_noise,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "reset",
     "python3 -c 'import socket\n"
     "s = socket.create_connection((\"127.0.0.1\", 8080))\n"
     "s.sendall(b\"hello\\r\\n\" + b\"x\" * 1000000); print(s.recv(9999).decode())'\n"},
    {"tls-hello",
     "A client speaks TLS: rejected, 400.",
     tls_hello,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "curl --max-time 5 https://127.0.0.1:8080/\n"},
    {"http2-preface",
     "A client speaks HTTP/2: rejected, 505.",
     http2_preface,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "curl --http2-prior-knowledge http://127.0.0.1:8080/\n"},
    {"pipeline",
     "100 requests come in one piece. (Stage 1: one response, then it closes.)",
     pipeline,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "1 of 100",
     "for i in $(seq 100); do printf 'GET /health HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'; done |\n"
     "  nc 127.0.0.1 8080 | grep -c '^HTTP/1.1'   # then press Ctrl-C\n"},
    {"pipeline-cut",
     "The same in two pieces, cut at every offset. (Stage 1: one request.)",
     pipeline_cut,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "{ printf 'GET /health HTTP/1.1\\r\\nHost: a\\r\\n\\r\\nGET /hea'; sleep 1\n"
     "  printf 'lth HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'; sleep 1; } | nc 127.0.0.1 8080\n"},
    {"in-a-row",
     "20,000 connections, one after the other.",
     thousands_in_a_row,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "build/lab/lab load 8080 --get /health --close --clients 1 --requests 20000\n"},
    {"out-of-descriptors",
     "100 connections, and a limit of 64 descriptors: it waits without spinning.",
     out_of_descriptors,
     {"lives", "lives", "lives", "lives", "lives", "lives"},
     .sketch = "spins",
     "# (ulimit -n 64; ./workshop run N)\n"
     "for i in $(seq 100); do sleep 30 | nc 127.0.0.1 8080 & done\n"
     "curl --max-time 2 http://127.0.0.1:8080/health   # top: no CPU time\n"
     "for i in $(seq 100); do kill %$i; done\n"
     "curl http://127.0.0.1:8080/health\n"},
    {"sigpipe",
     "A SIGPIPE comes before each request.",
     sigpipe,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "kill -PIPE PID   # of the server\n"
     "curl http://127.0.0.1:8080/health\n"},
    {"stop-and-continue",
     "SIGSTOP, a request, SIGCONT: then the response comes.",
     stop_and_continue,
     {"lives", "lives", "lives", "lives", "lives", "lives"},
     .sketch = "lives",
     "kill -STOP PID   # of the server\n"
     "curl http://127.0.0.1:8080/health & sleep 2\n"
     "kill -CONT PID\n"},
    {"full-disk",
     "The trace goes to a full disk.",
     full_disk,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = NULL,
     "# ./workshop run N --trace /dev/full\n"
     "curl http://127.0.0.1:8080/health\n"},
    {"reader-leaves",
     "Standard output is a pipe, and its reader is gone.",
     reader_leaves,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = NULL,
     "# ./workshop run N | head -n 1\n"
     "curl http://127.0.0.1:8080/ --data \\\n"
     "  '{\"user\":\"alice\",\"action\":\"buy\",\"amount\":1}'\n"},
    {"million",
     "1,000,000 requests cost less than 1 MiB of memory. (Stage 1: 100,000.)",
     million,
     {"serves", "serves", "serves", "serves", "serves", "serves"},
     .sketch = "serves",
     "build/lab/lab load 8080 --get /health --requests 10000\n"
     "ps -o rss -p PID   # of the server\n"
     "build/lab/lab load 8080 --get /health --requests 1000000\n"
     "ps -o rss -p PID\n"},
    {"slow-crowd",
     "10,000 clients send a byte a second: p99 under 50 ms. (Stage 1: 100.)",
     slow_crowd,
     {"lives", "serves", "serves", "serves", "serves", "serves"},
     .sketch = NULL,
     .clients = 1000, .by_hand =
     "for i in $(seq 1000); do\n"
     "  while sleep 1; do printf x; done | nc 127.0.0.1 8080 &\n"
     "done\n"
     "build/lab/lab load 8080 --get /health --clients 1\n"
     "kill $(jobs -p)\n"},
};
// clang-format on

enum { COUNT = sizeof rows / sizeof rows[0], LAST_ONES = 2 };
const struct table rude_clients = {rows, COUNT, COUNT - LAST_ONES};
