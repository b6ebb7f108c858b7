"""When is a process ready? Three answers: it serves a page, it wrote a line, or a function says so."""

import http.client
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit


class Watched(Protocol):
    """What a check may look at."""

    @property
    def pid(self) -> int: ...

    def log_since_start(self) -> str: ...


class ReadyCheck(Protocol):
    """Called again and again until it says True or `timeout` seconds have passed."""

    @property
    def timeout(self) -> float: ...

    def __call__(self, process: Watched) -> bool: ...


@dataclass(frozen=True)
class HttpReady:
    """Ready when GET `url` answers with less than 400. Never goes through a proxy."""

    url: str
    timeout: float = 60.0

    def __call__(self, process: Watched) -> bool:
        url = urlsplit(self.url)
        connection = http.client.HTTPConnection(url.hostname or "127.0.0.1", url.port, timeout=2)
        try:
            connection.request("GET", url.path or "/", headers={"Host": url.netloc, "Connection": "close"})
            return connection.getresponse().status < 400
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@dataclass(frozen=True)
class LogLineReady:
    """Ready when a line that the process wrote since it was started matches `pattern`."""

    pattern: str
    timeout: float = 60.0

    def __call__(self, process: Watched) -> bool:
        return re.search(self.pattern, process.log_since_start()) is not None


@dataclass(frozen=True)
class CallReady:
    """Ready when `function` says so."""

    function: Callable[[Watched], bool]
    timeout: float = 60.0

    def __call__(self, process: Watched) -> bool:
        return self.function(process)
