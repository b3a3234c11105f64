// node's http, with its defaults: one thread, and a loop.

const http = require("http");

http.createServer((request, response) => request.pipe(response))
    .listen(process.env.PORT, "127.0.0.1");
