"""Python's wsgiref, with its defaults. Bottle uses it if told nothing else."""

import os
import wsgiref.simple_server


def echo(environment, start_response):
    length = int(environment.get("CONTENT_LENGTH") or 0)
    body = environment["wsgi.input"].read(length)
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


wsgiref.simple_server.make_server(
    "127.0.0.1", int(os.environ["PORT"]), echo).serve_forever()
