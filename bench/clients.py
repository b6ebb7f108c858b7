"""Client processes that call one function as fast as they can for a while, each with a connection of its own."""

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

Call = Callable[[int], None]
"""Does one piece of work; its argument counts up from 0 in every client."""
Prepare = Callable[[int], Call]
"""Runs once in the client process with its number, and gives what to call."""


@dataclass
class Result:
    """What all clients of one measurement did together."""

    seconds: float
    latencies: list[float] = field(default_factory=list)

    @property
    def calls(self) -> int:
        return len(self.latencies)

    @property
    def per_second(self) -> float:
        return self.calls / self.seconds


def _client(number: int, database: str, works: dict[str, Prepare], pipe: Connection) -> None:
    from django.db import connections

    os.setpgrp()  # Ctrl-C reaches the parent alone, which ends us
    connections.settings["default"]["NAME"] = database
    calls: dict[str, Call] = {}
    done: dict[str, int] = {}
    while True:
        order = pipe.recv()
        if order is None:
            os._exit(0)
        name, seconds, limit = order
        if name not in calls:
            calls[name], done[name] = works[name](number), 0
        call, place, latencies = calls[name], done[name], []
        pipe.send("ready")
        pipe.recv()
        clock = time.perf_counter
        now = began = clock()
        end = began + seconds
        while now < end and (limit is None or len(latencies) < limit):
            call(place)
            place += 1
            after = clock()
            latencies.append(after - now)
            now = after
        done[name] = place
        pipe.send((now - began, latencies))


class Clients:
    """Client processes of one database. `works` names what can be measured there, and what prepares it."""

    def __init__(self, count: int, database: str, works: dict[str, Prepare]) -> None:
        context = multiprocessing.get_context("fork")  # Django is loaded once; nobody is connected yet
        self._pipes: list[Connection] = []
        self._processes: list[Any] = []
        for number in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_client, args=(number, database, works, theirs), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)

    def measure(self, name: str, *, seconds: float, limit: int | None = None) -> Result:
        """Run `name` in all clients at once, for a time or at most `limit` calls each."""
        for pipe in self._pipes:
            pipe.send((name, seconds, limit))
        for pipe in self._pipes:
            pipe.recv()
        for pipe in self._pipes:
            pipe.send("go")
        answers = [pipe.recv() for pipe in self._pipes]
        return Result(max(took for took, _ in answers), sorted(latency for _, part in answers for latency in part))

    def end(self) -> None:
        for pipe in self._pipes:
            pipe.send(None)
        for process in self._processes:
            process.join(5)
            if process.is_alive():
                process.kill()
