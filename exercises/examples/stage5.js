// stage5.js - node's loop, a bounded channel, and one worker
const fs = require("fs");
const http = require("http");
const sleep = require("timers/promises").setTimeout;
const read = require("util").promisify(fs.read);

const { PORT = 8080, WORK_MS = 500, WORK_GATE, CAPACITY = 100 } = process.env;
const gate = WORK_GATE ? fs.openSync(WORK_GATE, "r+") : null;
const jobs = []; // the channel
let isOpen = true; // false: nothing more is sent into it
let isBusy = false; // the worker
const balances = Object.create(null);
const counts = { accepted: 0, done: 0 };

async function work() {
    isBusy = true;
    while (jobs.length > 0) {
        const { user, amount } = jobs.shift();
        await (gate ? read(gate, Buffer.alloc(1)) : sleep(Number(WORK_MS)));
        balances[user] = (balances[user] || 0) + amount;
        counts.done++;
        const change = `${amount < 0 ? "" : "+"}${amount} = ${balances[user]}`;
        console.log("worker:", JSON.stringify(user).slice(1, -1), change);
    }
    isBusy = false;
}

function submit(body) {
    try {
        const event = JSON.parse(body);
        const types = [typeof event.user, typeof event.action].join();
        if (types !== "string,string" || !Number.isSafeInteger(event.amount))
            throw new TypeError("expected two strings and an integer");
        if (!isOpen || jobs.length >= CAPACITY)
            return [503, '{"reason": "server_busy"}'];
        jobs.push(event);
    } catch ({ name, message: detail }) {
        const kind = name === "SyntaxError" ? "json" : "event";
        return [400, JSON.stringify({ reason: `invalid_${kind}`, detail })];
    }
    counts.accepted++;
    if (!isBusy) work();
    return [202, '{"status": "accepted"}'];
}

const metrics = () => [`thaw_events_accepted_total ${counts.accepted}`,
    `thaw_events_done_total ${counts.done}`, "thaw_workers 1",
    `thaw_busy_workers ${Number(isBusy)}\n`].join("\n");

function handle(request, body) {
    if (request === "POST /") return submit(body);
    if (request === "GET /metrics") return [200, metrics()];
    if (request === "GET /balances") return [200, JSON.stringify(balances)];
    return [404, '{"reason": "not_found"}'];
}

const server = http.createServer((request, response) => {
    const chunks = [];
    if (Number(request.headers["content-length"]) > 65536)
        return response.writeHead(413, { Connection: "close" }).end();
    request.on("data", (chunk) => chunks.push(chunk)).on("end", () => {
        const line = `${request.method} ${request.url}`;
        const [status, text] = handle(line, Buffer.concat(chunks));
        if (!isOpen) response.setHeader("Connection", "close");
        response.statusCode = status;
        response.end(text);
    });
});

function stop() {
    isOpen = false; // after the last job node has nothing to do, and ends
    server.close().closeIdleConnections();
}

process.on("SIGINT", stop).on("SIGTERM", stop);
process.on("exit", () => console.log("stopped:", counts.done, "done"));
process.stdout.on("error", () => {}); // their reader has left
server.timeout = 10000; // in milliseconds: for a client that takes nothing
server.listen(PORT, "127.0.0.1");
