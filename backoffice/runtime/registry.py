"""Which processes a demo runs beside its own: higher apps add theirs from `AppConfig.ready()`.

The runtime knows no app above it. A sandbox that needs a port names the variable that carries it, and says which
variables the whole demo gets from it; values may refer to others, as in `"http://127.0.0.1:{NORDPAY_PORT}"`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from backoffice.runtime.ready import HttpReady, ReadyCheck

Environment = Mapping[str, str]

# Started from low to high, ended from high to low. What comes after the web server starts when that is ready.
SANDBOX, WEB, WORKER, BEAT, TRAFFIC = 20, 30, 40, 50, 60


@dataclass(frozen=True)
class DemoProcess:
    """One more process of the demo. `argv` may depend on the environment; `python` as its first word is ours."""

    name: str
    argv: Sequence[str] | Callable[[Environment], Sequence[str]]
    env: Mapping[str, str] = field(default_factory=dict)  # for this process alone
    ready: ReadyCheck | None = None  # the address of an HttpReady may hold {NAMES}
    order: int = SANDBOX
    port: str = ""  # the variable that gets a free port, the same one at every start
    secrets: Sequence[str] = ()  # variables that get a random value, the same one at every start
    exports: Mapping[str, str] = field(default_factory=dict)  # for every process of the demo

    def command(self, env: Environment) -> list[str]:
        return list(self.argv(env) if callable(self.argv) else (fill(word, env) for word in self.argv))

    def readiness(self, env: Environment) -> ReadyCheck | None:
        return HttpReady(fill(self.ready.url, env), self.ready.timeout) if isinstance(self.ready, HttpReady) else self.ready


def fill(text: str, env: Environment) -> str:
    """Put the values of upper-case {NAMES} into a text; other braces stay. Raises KeyError for a name that is not set."""
    return re.sub(r"\{([A-Z][A-Z0-9_]*)\}", lambda found: env[found[1]], text)


class DemoProcesses:
    """The registered processes, each name once."""

    def __init__(self) -> None:
        self._known: dict[str, DemoProcess] = {}

    def register(self, process: DemoProcess) -> None:
        """Add a process. Raises ValueError when its name is taken by another."""
        if self._known.setdefault(process.name, process) != process:
            raise ValueError(f"Two demo processes are called {process.name}.")

    def __iter__(self) -> Iterator[DemoProcess]:
        return iter(sorted(self._known.values(), key=lambda process: (process.order, process.name)))


demo_processes = DemoProcesses()
