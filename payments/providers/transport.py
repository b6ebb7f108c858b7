"""HTTP to a provider, with one question answered for each failure: can it have been taken?

Which 4xx is a refusal is the provider's own affair, so every complete answer below 500 goes to its adapter.
"""

from __future__ import annotations

import dataclasses
import json
import random
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import httpx

from backoffice.runtime import logs

from .protocol import OutcomeUnknown, ProviderUnavailable

MAX_ANSWER = 4_194_304  # bytes

# Raised before the first byte of a request is written.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.ProxyError,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A complete answer: the status, the JSON object in it, and the headers by lower-case name."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


class Transport:
    """One pool of connections, safe to use from many threads."""

    def __init__(
        self,
        *,
        url: str,
        headers: Mapping[str, str],
        timeout: float,
        connect_timeout: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`headers` go with every request: the key, the version. `timeout` is for the whole answer and `connect_timeout` for the connection, in seconds."""
        self._timeout = timeout
        self._sleep = sleep
        self._client = httpx.Client(
            base_url=url,
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **headers},
            timeout=httpx.Timeout(timeout, connect=connect_timeout),
            trust_env=False,
            follow_redirects=False,
        )

    def post(self, path: str, *, body: Mapping[str, Any], key: str) -> Answer:
        """Send a JSON object once. Only when no connection came about, so that nothing was sent, it tries a second time.

        Raises ProviderUnavailable (not taken) or OutcomeUnknown (may have been taken).
        """
        return self.post_content(path, content=json.dumps(body).encode(), content_type="application/json", key=key)

    def post_content(self, path: str, *, content: bytes, content_type: str, key: str) -> Answer:
        """Send a body that is no JSON, such as a form or a file, as `post` does."""
        headers = {"Idempotency-Key": key, "Content-Type": content_type}
        try:
            return self._once("POST", path, content=content, headers=headers)
        except ProviderUnavailable:
            self._pause()
            return self._once("POST", path, content=content, headers=headers)

    def get(self, path: str, *, params: Mapping[str, str] | None = None) -> Answer:
        """Read, and read again once after any failure. Raises OutcomeUnknown without a complete answer below 500."""
        try:
            return self._once("GET", path, params=params)
        except (ProviderUnavailable, OutcomeUnknown):
            self._pause()
        try:
            return self._once("GET", path, params=params)
        except ProviderUnavailable as error:
            raise OutcomeUnknown(str(error)) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _once(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        deadline = time.monotonic() + self._timeout
        try:
            with self._client.stream(method, path, content=content, headers={**(headers or {}), **logs.outgoing()}, params=params) as response:
                received = bytearray()
                for chunk in response.iter_raw():
                    received += chunk
                    if len(received) > MAX_ANSWER or time.monotonic() > deadline:
                        raise OutcomeUnknown("the answer did not end")
        except _NOT_SENT as error:
            raise ProviderUnavailable(f"no connection: {type(error).__name__}") from error
        except httpx.HTTPError as error:
            raise OutcomeUnknown(f"no complete answer: {type(error).__name__}") from error
        if response.status_code >= 500 or response.status_code in (408, 425) or not response.status_code >= 200:
            raise OutcomeUnknown(f"answered with {response.status_code}")
        body = _object(bytes(received), status=response.status_code)
        return Answer(status=response.status_code, body=body, headers={name.lower(): value for name, value in response.headers.items()})

    def _pause(self) -> None:
        self._sleep(random.uniform(0.05, 0.25))  # noqa: S311  jitter, not a secret


def _object(body: bytes, *, status: int) -> Mapping[str, Any]:
    try:
        return read_object(body)
    except ValueError:
        raise OutcomeUnknown(f"answered with {status} and no JSON object") from None


def read_object(body: bytes) -> Mapping[str, Any]:
    """The JSON object in `body`, without floats. Raises ValueError."""
    try:
        value = json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse)
    except (RecursionError, ArithmeticError) as error:
        raise ValueError("not a JSON object") from error
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _refuse(name: str) -> object:
    raise ValueError(name)
