#!/usr/bin/env python3
"""The server that comes with Python, with its defaults.

    peer_python.py

Prints its port, and responds with 200. http.server leaves the body to the
handler. This handler does what many do: it takes int() of the length, and
ignores Transfer-Encoding.
"""

import http.server
import pathlib
import sys

sys.dont_write_bytecode = True  # no caches in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import usage


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def respond(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"ok\n")

    do_GET = do_HEAD = do_POST = do_PUT = do_OPTIONS = do_DELETE = respond

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A length that is no number ends the connection without a response."""


if __name__ == "__main__":
    usage.show_if_asked(__doc__)
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
