"""Python's http.server.HTTPServer, with its defaults: one thread for all."""

import http.server
import os


class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET


http.server.HTTPServer(
    ("127.0.0.1", int(os.environ["PORT"])), Echo).serve_forever()
