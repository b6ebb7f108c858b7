"""Real threads against the real database: all start at once, each with a connection of its own."""

import threading
from collections.abc import Callable, Sequence
from typing import Any


def race(*runners: Callable[[], Any]) -> list[Any]:
    """Run all at the same moment and wait. Gives what each returned, or the exception that it raised, in order."""
    from django.db import connections

    start = threading.Barrier(len(runners))
    answers: list[Any] = [None] * len(runners)

    def run(place: int, runner: Callable[[], Any]) -> None:
        try:
            start.wait(30)
            answers[place] = runner()
        except Exception as raised:  # noqa: BLE001 (the test says which it expects)
            answers[place] = raised
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, runner), daemon=True) for place, runner in enumerate(runners)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError("A racing thread did not end: a deadlock that the database did not see?")
    return answers


def raised(answers: Sequence[Any], kind: type[Exception]) -> int:
    """How many ended with this exception; any other exception is the test's failure."""
    for answer in answers:
        if isinstance(answer, Exception) and not isinstance(answer, kind):
            raise answer
    return sum(isinstance(answer, kind) for answer in answers)


class Background:
    """A runner that goes on while the test does other things. `join` gives its answer or raises what it raised."""

    def __init__(self, runner: Callable[[], Any]) -> None:
        self.answer: Any = None
        self._raised: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(runner,), daemon=True)
        self._thread.start()

    def _run(self, runner: Callable[[], Any]) -> None:
        from django.db import connections

        try:
            self.answer = runner()
        except Exception as raised:  # noqa: BLE001
            self._raised = raised
        finally:
            connections.close_all()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def join(self, seconds: float = 60) -> Any:
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise TimeoutError("The runner did not end")
        if self._raised:
            raise self._raised
        return self.answer
