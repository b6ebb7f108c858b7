"""What a process remembers of a small table for some seconds, because every page asks for it."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """`Remembered(read, seconds=30)`: calling it reads at most once in that time. Another process may be as old as that; a service asks the table."""

    def __init__(self, read: Callable[[], Value], *, seconds: float) -> None:
        self._read, self._seconds = read, seconds
        self._kept: tuple[float, Value] | None = None

    def __call__(self) -> Value:
        if self._kept is None or time.monotonic() - self._kept[0] > self._seconds:
            self._kept = (time.monotonic(), self._read())
        return self._kept[1]

    def forget(self) -> None:
        self._kept = None
