// peer_node.js - the server that comes with node, with its defaults
//
// Prints its port. Reads every body to its end, and then responds with 200.

const http = require("http");

const server = http.createServer((request, response) => {
    request.resume();
    request.on("end", () => response.end("ok\n"));
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
