"""The commands behind the Makefile: `python -m backoffice.runtime <command>`."""

import argparse
import os
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from backoffice.runtime.binaries import postgres15, remove_copy
from backoffice.runtime.child import end_leftover, leftovers, wait_until
from backoffice.runtime.environment import LAST, inherited
from backoffice.runtime.errors import AlreadyRuns, RuntimeProblem
from backoffice.runtime.home import CHECKOUT, Home, Lock, own_folder
from backoffice.runtime.processes import say


def demo() -> int:
    """Run the demo in the foreground."""
    from backoffice.runtime.demo import Demo

    return Demo(dict(os.environ)).run()


def dev() -> int:
    """Start the services alone and print their environment, for `eval`."""
    from backoffice.runtime.services import start_dev, to_stderr

    for name, value in start_dev(to_stderr).items():
        say(f"export {name}={shlex.quote(value)}")
    return 0


def services(name: str, postgres: int) -> int:
    """Run throwaway services in the foreground; their environment is printed when they work."""
    from backoffice.runtime.services import Throwaway

    bin_dir = postgres15() if postgres == 15 else None
    if postgres == 15 and bin_dir is None:
        raise RuntimeProblem("There is no PostgreSQL 15 here. Install it, or set PG15_BIN to the folder of its programs.")
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: asked.append(number))
    throwaway = Throwaway(name, bin_dir=bin_dir)
    try:
        for variable, value in throwaway.start().items():
            say(f"export {variable}={shlex.quote(value)}")
        while not asked:
            time.sleep(0.1)
    finally:
        throwaway.stop()
    return 0


def manage(arguments: Sequence[str]) -> int:
    """Run a management command against the demo, with the demo's own environment."""
    home = Home("demo")
    known = {name: str(value) for name, value in home.read(LAST).items()}
    if not known or not Lock(home).held:
        raise RuntimeProblem("The demo does not run. Start it with `make demo`.")
    os.chdir(CHECKOUT)
    os.execve(sys.executable, [sys.executable, "manage.py", *arguments], {**inherited(os.environ), **known})  # noqa: S606
    return 0  # never: the command has taken our place


def stop() -> int:
    """End the demo and the development services of this checkout, and what killed runs left."""
    from backoffice.runtime.services import sweep

    ended = []
    for name in ("demo", "dev"):
        ended += _stop_home(Home(name))
    ended += [f"the services of {swept}" for swept in sweep()]
    say(f"Ended {', '.join(ended)}." if ended else "Nothing ran.")
    return 0


def _stop_home(home: Home) -> list[str]:
    if not home.run.is_dir():
        return []
    own_folder(home.root)
    lock = Lock(home)
    holder = lock.holder() if lock.held else None
    if holder is not None:
        os.kill(holder.pid, signal.SIGTERM)
        if not wait_until(lambda: not holder.alive, 120):
            raise RuntimeProblem(f"Process {holder.pid} does not end. Its logs are in {home.logs}.")
        return [f"the {home.name} (process {holder.pid})"]
    try:
        lock.acquire(home.name)
    except AlreadyRuns:
        raise RuntimeProblem(f"The {home.name} is held by a process that cannot be found. Is it in another container?") from None
    try:
        return [ended for pid_file in leftovers(home) if (ended := end_leftover(pid_file))]
    finally:
        lock.release()


def clean() -> int:
    """Remove the data of the demo, the development services and killed test runs, after ending them."""
    stop()
    for name in ("demo", "dev"):
        Home(name).remove()
    remove_copy()
    folder = Path(CHECKOUT) / ".countroom"
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m backoffice.runtime", description="Runs Countroom on one machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    for function in (demo, dev, stop, clean):
        commands.add_parser(function.__name__, help=(function.__doc__ or "").splitlines()[0])
    throwaway = commands.add_parser("services", help="throwaway services in the foreground")
    throwaway.add_argument("--name", default="test")
    throwaway.add_argument("--postgres", type=int, choices=(15, 18), default=18)
    commands.add_parser("manage", help="a management command against the running demo").add_argument("arguments", nargs=argparse.REMAINDER)
    known = parser.parse_args(arguments)
    try:
        match known.command:
            case "services":
                return services(known.name, known.postgres)
            case "manage":
                return manage(known.arguments)
            case name:
                return {"demo": demo, "dev": dev, "stop": stop, "clean": clean}[name]()
    except RuntimeProblem as problem:
        sys.stderr.write(f"{problem}\n")
        return problem.exit_code
