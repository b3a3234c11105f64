"""stage5.py - a thread for each client, a bounded channel, and one worker"""
import http.server, json, logging, os, queue, signal, threading, time

PORT = int(os.environ.get("PORT", 8080))
WORK_MS = int(os.environ.get("WORK_MS", 500))
GATE = os.environ.get("WORK_GATE") and open(os.environ["WORK_GATE"], "r+b", 0)
jobs = queue.Queue(int(os.environ.get("CAPACITY", 100)))  # the channel
is_open = True  # false: nothing more is sent into it
mutex = threading.Lock()  # guards all that handle reads and changes
balances = {}
counts = {"accepted": 0, "done": 0}

def work():
    for user, amount in iter(jobs.get, None):
        GATE.read(1) if GATE else time.sleep(WORK_MS / 1000)
        with mutex:
            balances[user] = balance = balances.get(user, 0) + amount
            counts["done"] += 1
        logging.info("worker: %s %+d = %d", ascii(user)[1:-1], amount, balance)
        jobs.task_done()

def submit(body):
    try:
        event = json.loads(body.decode())
        kinds = [type(event[name]) for name in ("user", "action", "amount")]
        if kinds != [str, str, int] or not -2**63 <= event["amount"] < 2**63:
            raise TypeError("expected two strings and an integer")
    except (ValueError, TypeError, KeyError, RecursionError) as fault:
        kind = "event" if isinstance(fault, (TypeError, KeyError)) else "json"
        return 400, {"reason": f"invalid_{kind}", "detail": repr(fault)}
    if jobs.full() or not is_open:
        return 503, {"reason": "server_busy"}
    jobs.put((event["user"], event["amount"]))
    counts["accepted"] += 1
    return 202, {"status": "accepted"}

def metrics():
    busy = counts["accepted"] - counts["done"] - jobs.qsize()
    lines = [f"thaw_events_{name}_total {counts[name]}" for name in counts]
    return "\n".join([*lines, "thaw_workers 1", f"thaw_busy_workers {busy}\n"])

def handle(request, body):
    if request == "POST /": return submit(body)
    if request == "GET /metrics": return 200, metrics()
    if request == "GET /balances": return 200, balances
    return 404, {"reason": "not_found"}

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = default_request_version = "HTTP/1.1"
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
with mutex: is_open = False
jobs.join()
logging.info("stopped: %d accepted, %d done", *counts.values())
