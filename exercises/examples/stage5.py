"""stage5.py - a thread for each client, a bounded channel, and one worker"""

import http.server, json, logging, os, queue, signal, threading, time
from random import randint
from urllib.parse import unquote

PORT = int(os.environ.get("PORT", 8080))
WORK_MS = int(os.environ.get("WORK_MS", 500))
GATE = os.environ.get("WORK_GATE") and open(os.environ["WORK_GATE"], "r+b", 0)

jobs = queue.Queue(int(os.environ.get("CAPACITY", 100)))  # the channel
is_open = True  # false: nothing more is sent into it
mutex = threading.Lock()  # guards all that handle reads and changes
balances = {}
counts = {"accepted": 0, "rejected": 0, "invalid": 0, "done": 0}

def work():
    while True:
        user, amount = jobs.get()
        GATE.read(1) if GATE else time.sleep(WORK_MS / 1000)
        with mutex:
            balances[user] = balance = balances.get(user, 0) + amount
            counts["done"] += 1
        logging.info("worker: %s %+d = %d", ascii(user)[1:-1], amount, balance)
        jobs.task_done()

def submit(body):
    reason = "invalid_json"
    try:
        event = json.loads(body.decode())
        reason = "invalid_event"
        kinds = [type(event[name]) for name in ("user", "action", "amount")]
        if kinds != [str, str, int] or not -2**63 <= event["amount"] < 2**63:
            raise ValueError("expected two strings and an integer")
    except (ValueError, TypeError, KeyError, RecursionError) as fault:
        counts["invalid"] += 1
        return 400, {"status": "error", "reason": reason,
                     "detail": f"{type(fault).__name__}: {fault}"}
    if jobs.full() or not is_open:
        counts["rejected"] += 1
        return 503, {"status": "rejected", "reason": "server_busy"}
    jobs.put((event["user"], event["amount"]))
    counts["accepted"] += 1
    return 202, {"status": "accepted"}

def metrics():
    values = {f"events_{name}_total": counts[name] for name in counts}
    busy = counts["accepted"] - counts["done"] - jobs.qsize()
    values.update(workers=1, busy_workers=busy, channel_jobs=jobs.qsize(),
                  channel_capacity_jobs=jobs.maxsize)
    return "".join(f"\nthaw_{name} {values[name]}" for name in values) + "\n"

def handle(request, body):
    user = unquote(request[len("GET /balances/"):])
    if request == "POST /": return submit(body)
    if request == "GET /health": return 200, {"status": "ok"}
    if request == "GET /metrics": return 200, metrics()
    if request == "GET /balances": return 200, balances
    if request.startswith("GET /balances/") and user in balances:
        return 200, {"user": user, "balance": balances[user]}
    return 404, {"status": "error", "reason": "not_found"}

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = default_request_version = "HTTP/1.1"
    error_message_format = '{"status": "error", "reason": "bad_request"}'
    disable_nagle_algorithm = True  # a body does not wait for an ACK
    timeout = 10  # in seconds
    log_message = lambda *_: None

    def do_GET(self):
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or "Transfer-Encoding" in self.headers:
            return self.send_error(411)
        if len(length) > 5: return self.send_error(413)
        body = self.rfile.read(int(length))
        with mutex:
            status, content = handle(f"{self.command} {self.path}", body)
            text = content if isinstance(content, str) else json.dumps(content)
        self.send_response(status)
        self.send_header("Content-Length", len(text))
        if status == 503: self.send_header("Retry-After", randint(1, 4))
        self.end_headers()
        self.wfile.write(text.encode())

    do_POST = do_GET

stop_signals = {signal.SIGINT, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)  # in all threads
logging.basicConfig(format="%(message)s", level=logging.INFO)
http.server.ThreadingHTTPServer.request_queue_size = 1024
server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
threading.Thread(target=work, daemon=True).start()
threading.Thread(target=server.serve_forever, daemon=True).start()
signal.sigwait(stop_signals)
with mutex:
    is_open = False
jobs.join()
logging.info("stopped: %s", ", ".join(f"{counts[n]} {n}" for n in counts))
