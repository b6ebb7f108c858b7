"""The sockets: reads a request, lets the API answer, and does to the answer what its fate says."""

from __future__ import annotations

import select
import socket
import struct
import sys
import threading
import urllib.parse
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .behaviour import Fate
from .errors import ApiError
from .http import Api, Reply, Request

IDLE = 60  # seconds that a connection may stay silent


class Server(ThreadingHTTPServer):
    """One thread for each connection."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], api: Api) -> None:
        self.api = api
        self.stopping = threading.Event()
        super().__init__(address, Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that goes away is no error of ours; anything else is shown."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    """Reads and answers the requests of one connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = IDLE
    wbufsize = -1

    def do_GET(self) -> None:
        """Any request that has no body of interest."""
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Silence: paths hold references, and errors are answered."""

    def _serve(self) -> None:
        target = urllib.parse.urlsplit(self.path)
        try:
            body = self._body()
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(method=self.command, path=target.path, query=target.query, headers=headers, body=body)
        except ApiError as error:
            self.close_connection = True  # an unread body would be taken for the next request
            self._send(error.status, error.body_text())
            return
        try:
            reply = self.server.api.handle(request)
        except Exception:
            self._send(500, ApiError(500, "internal_error", "Something went wrong.").body_text())
            raise
        self._answer(reply)

    def _body(self) -> bytes:
        if "transfer-encoding" in self.headers:
            raise ApiError(411, "length_required", "Send the body with a Content-Length, not in chunks.")
        length = self.headers.get("content-length")
        if length is None:
            if self.command == "POST" and "/test/" not in self.path:
                raise ApiError(411, "length_required", "Send a Content-Length.")
            return b""
        if not (length.isascii() and length.isdigit()):
            raise ApiError(400, "length_invalid", "Content-Length is not a number.")
        if len(length) > 9 or int(length) > self.server.api.most:
            raise ApiError(413, "body_too_large", f"A body has {self.server.api.most} bytes at most.")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ApiError(400, "body_incomplete", "The body ended early.")
        if body and self.headers.get_content_type() not in self.server.api.media:
            raise ApiError(415, "not_json", f"Send `Content-Type: {self.server.api.media[0]}`.")
        return body

    def _answer(self, reply: Reply) -> None:
        if reply.fate in (Fate.DROP_AFTER, Fate.DROP_BEFORE):
            self._reset()
        elif reply.fate in (Fate.TIMEOUT, Fate.TIMEOUT_BEFORE):
            self._wait_for_caller_to_leave()
            self._reset()
        elif reply.fate is Fate.GARBAGE:
            self._send(200, '<html><body>"status": "pai')
        else:
            if reply.fate is Fate.LATE:
                self.server.stopping.wait(float(self.server.api.engine.behaviour.late_seconds))
            self._send(reply.status, reply.body, reply.headers)

    def _send(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _reset(self) -> None:
        """Close without a word: the caller sees a reset connection."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _wait_for_caller_to_leave(self) -> None:
        while not self.server.stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.5)
            if readable and not self.connection.recv(1024):
                return
