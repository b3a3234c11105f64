// stage5.js - node's loop, a bounded channel, and one worker

const fs = require("fs");
const http = require("http");
const { unescape } = require("querystring");

const { PORT = 8080, WORK_MS = 500, WORK_GATE, CAPACITY = 100 } = process.env;
const gate = WORK_GATE ? fs.openSync(WORK_GATE, "r+") : null;

const jobs = []; // the channel
let isOpen = true; // false: nothing more is sent into it
let isBusy = false; // the worker
const balances = new Map();
const counts = { accepted: 0, rejected: 0, invalid: 0, done: 0 };

// The worker receives a job: called after one was sent, and after one is done.
function work() {
    if (isBusy || jobs.length === 0) return;
    const event = jobs.shift();
    isBusy = true;
    if (gate === null) setTimeout(apply, Number(WORK_MS), event);
    else fs.read(gate, Buffer.alloc(1), 0, 1, null, () => apply(event));
}

function apply({ user, amount }) {
    const balance = (balances.get(user) || 0) + amount;
    balances.set(user, balance);
    counts.done++;
    const change = `${amount < 0 ? "" : "+"}${amount} = ${balance}`;
    console.log(`worker: ${JSON.stringify(user).slice(1, -1)} ${change}`);
    isBusy = false;
    work();
}

function submit(body) {
    let event;
    let reason = "invalid_json";
    try {
        event = JSON.parse(body);
        reason = "invalid_event";
        const types = [typeof event.user, typeof event.action].join();
        if (types !== "string,string" || !Number.isSafeInteger(event.amount))
            throw new TypeError("expected two strings and an integer");
    } catch ({ message: detail }) {
        counts.invalid++;
        return [400, { status: "error", reason, detail }];
    }
    if (!isOpen || jobs.length >= CAPACITY) {
        counts.rejected++;
        return [503, { status: "rejected", reason: "server_busy" }];
    }
    jobs.push(event);
    counts.accepted++;
    work();
    return [202, { status: "accepted" }];
}

function metrics() {
    const values = { workers: 1, busy_workers: Number(isBusy) };
    values.channel_jobs = jobs.length;
    for (const name in counts) values[`events_${name}_total`] = counts[name];
    return Object.keys(values).map(
        (name) => `\nthaw_${name} ${values[name]}`).join("") + "\n";
}

function handle(request, body) {
    const user = unescape(request.slice("GET /balances/".length));
    if (request === "POST /") return submit(body);
    if (request === "GET /health") return [200, { status: "ok" }];
    if (request === "GET /metrics") return [200, metrics()];
    if (request === "GET /balances") return [200, Object.fromEntries(balances)];
    if (request.startsWith("GET /balances/") && balances.has(user))
        return [200, { user, balance: balances.get(user) }];
    return [404, { status: "error", reason: "not_found" }];
}

const server = http.createServer((request, response) => {
    if (Number(request.headers["content-length"]) > 65536)
        return response.writeHead(413, { Connection: "close" }).end();
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
        const line = `${request.method} ${request.url}`;
        const [status, content] = handle(line, Buffer.concat(chunks));
        const isText = typeof content === "string";
        const seconds = 1 + Math.floor(4 * Math.random());
        if (status === 503) response.setHeader("Retry-After", seconds);
        if (!isOpen) response.setHeader("Connection", "close");
        response.statusCode = status;
        response.end(isText ? content : JSON.stringify(content));
    });
});

function stop() {
    isOpen = false; // after the last job node has nothing to do, and ends
    server.close();
    server.closeIdleConnections();
}

process.on("SIGINT", stop).on("SIGTERM", stop);
process.on("exit", () => console.log("stopped:",
    Object.keys(counts).map((name) => `${counts[name]} ${name}`).join(", ")));
process.stdout.on("error", () => {}); // their reader has left
server.timeout = 10000; // in milliseconds: for a client that takes nothing
server.listen(PORT, "127.0.0.1");
