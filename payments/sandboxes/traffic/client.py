"""A front end's own client: signs each request, and repeats it with the same key until there is an answer."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

ROOT = "/api/platform/v1"
TIMEOUT = 10.0  # seconds for one try
LONGEST_PAUSE = 15.0  # seconds between two tries


@dataclass(frozen=True)
class Key:
    """An API key of one brand."""

    key_id: str
    secret: str = field(repr=False)


class Refused(Exception):
    """The house said no: 4xx with a code."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code = status, code


class Stopped(Exception):
    """The traffic ends, and so does waiting for an answer."""


class Client:
    """Requests of one brand's front end. Safe to use from several threads."""

    def __init__(
        self,
        *,
        url: str,
        key: Key,
        stopping: threading.Event,
        transport: httpx.BaseTransport | None = None,
        patience: float = 600.0,
        clock: Callable[[], float] = time.time,
        note: Callable[[str, float], None] = lambda what, seconds: None,
    ) -> None:
        """`patience` in seconds: how long one request is repeated while nobody answers. `note` hears of each try: what came, how long it took."""
        self._key, self._stopping, self._patience, self._clock, self._note = key, stopping, patience, clock, note
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT, transport=transport, trust_env=False)
        self._jitter = Random(key.key_id)  # noqa: S311  (only spreads repeats)

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **params: str) -> dict[str, Any]:
        """Raises Refused, Stopped, TimeoutError."""
        return self._call("GET", path, params=params)

    def post(self, path: str, body: dict[str, Any] | None, *, key: str) -> dict[str, Any]:
        """`key` is the request's own: the same for its repeats. Raises Refused, Stopped, TimeoutError."""
        return self._call("POST", path, body=body, key=key)

    def delete(self, path: str) -> dict[str, Any]:
        """Raises Refused, Stopped, TimeoutError."""
        return self._call("DELETE", path)

    def _call(self, method: str, path: str, *, params: dict[str, str] | None = None, body: dict[str, Any] | None = None, key: str = "") -> dict[str, Any]:
        content = json.dumps(body).encode() if body is not None else b""
        ends, pause = time.monotonic() + self._patience, 0.25
        while True:
            answer = self._once(method, path, params=params, content=content, key=key)
            if answer is not None and answer.status_code < 400:
                return dict(answer.json())
            # 5xx and a reused signature are worth another try with the same key; so is no answer at all.
            if answer is not None and answer.status_code < 500 and answer.status_code != 429:
                problem = answer.json() if answer.headers.get("content-type", "").startswith("application/problem+json") else {}
                if problem.get("code") != "signature_reused":
                    raise Refused(answer.status_code, problem.get("code", "unknown"), problem.get("detail", ""))
            if time.monotonic() > ends:
                raise TimeoutError(f"{method} {path} was not answered in {self._patience:.0f} s")
            wait = float(answer.headers.get("retry-after", pause)) if answer is not None else pause
            if self._stopping.wait(wait * self._jitter.uniform(0.7, 1.3)):
                raise Stopped
            pause = min(pause * 2, LONGEST_PAUSE)

    def _once(self, method: str, path: str, *, params: dict[str, str] | None, content: bytes, key: str) -> httpx.Response | None:
        request = self._http.build_request(method, ROOT + path, params=params or None, content=content or None)
        stamp = f"{self._clock():.6f}"
        wire = request.url.raw_path.decode("ascii")
        text = "\n".join((stamp, method, wire, hashlib.sha256(content).hexdigest()))
        request.headers["Countroom-Key"] = self._key.key_id
        request.headers["Countroom-Timestamp"] = stamp
        request.headers["Countroom-Signature"] = "v1=" + hmac.new(self._key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        if content:
            request.headers["Content-Type"] = "application/json"
        if key:
            request.headers["Idempotency-Key"] = key
        began = time.monotonic()
        try:
            answer = self._http.send(request)
        except httpx.TransportError as away:
            self._note(type(away).__name__, time.monotonic() - began)
            return None
        self._note(str(answer.status_code), time.monotonic() - began)
        return answer
