// peer_node.js - the server that comes with node, as it comes
//
// Prints its port. Reads every body to its end, and then answers 200.

const http = require("http");

const server = http.createServer((request, response) => {
    request.resume();
    request.on("end", () => response.end("ok\n"));
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
