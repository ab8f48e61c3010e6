"""Servers that cannot be used, each in its own way."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

TROUBLES = ["closed network", "refuses", "hangs", "errors"]


class Failing(BaseHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_error(503)


@contextmanager
def trouble(kind: str) -> Iterator[tuple[str, str]]:
    """A server that cannot be used, its URL, and how it is named."""
    if kind == "closed network":
        yield "http://wandb.invalid", "cannot be reached"
    elif kind == "refuses":
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        yield f"http://127.0.0.1:{port}", "cannot be reached"
    elif kind == "hangs":
        with socket.create_server(("127.0.0.1", 0)) as silent:
            yield f"http://127.0.0.1:{silent.getsockname()[1]}", "does not answer within"
    else:
        with HTTPServer(("127.0.0.1", 0), Failing) as failing:
            threading.Thread(target=failing.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{failing.server_port}", "answers with error 503"
            failing.shutdown()
