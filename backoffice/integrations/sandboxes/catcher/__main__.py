"""Starts the catcher. SIGTERM and Ctrl-C end it."""

import argparse
import hashlib
import hmac
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MOST = 1_000_000  # bytes of a body


class Catcher(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, file: Path, secret: str) -> None:
        self.file, self.secret, self.failing = file, secret.encode(), False
        super().__init__(("127.0.0.1", port), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Catcher
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Silence: what came is in the file."""

    def do_GET(self) -> None:
        self._answer(200, self.server.file.read_bytes() if self.server.file.exists() else b"")

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length", "0")), MOST))
        if self.path in {"/fail", "/heal"}:
            self.server.failing = self.path == "/fail"
            self._answer(204, b"")
        elif self.server.failing:
            self._answer(503, b"not now")
        elif not self._signed(body):
            self._answer(401, b"wrong signature")
        else:
            with self.server.file.open("ab") as out:
                out.write(json.dumps(json.loads(body)).encode() + b"\n")
            self._answer(204, b"")

    def _signed(self, body: bytes) -> bool:
        """As docs/api.md says, written here a second time: a receiver shares no code with the sender."""
        text = "\n".join((self.headers.get("Countroom-Timestamp", ""), "POST", self.path, hashlib.sha256(body).hexdigest()))
        right = "v1=" + hmac.new(self.server.secret, text.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(right, self.headers.get("Countroom-Signature", ""))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m backoffice.integrations.sandboxes.catcher", description="A receiver of webhooks, for demos and tests.")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one; the address is printed")
    parser.add_argument("--file", type=Path, required=True, help="where what came is kept, one JSON a line")
    parser.add_argument("--secret", default=os.environ.get("CATCHER_SECRET", ""), help="of the endpoint (or CATCHER_SECRET)")
    chosen = parser.parse_args()
    catcher = Catcher(chosen.port, chosen.file, chosen.secret)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.stdout.write(f"catcher listens on http://127.0.0.1:{catcher.server_address[1]}\n")
    sys.stdout.flush()
    try:
        catcher.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        catcher.server_close()


if __name__ == "__main__":
    main()
