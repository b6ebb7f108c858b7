"""A checkout of its own for each test, so that no test meets another's processes; and none of its folders stays."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backoffice.runtime.home import CHECKOUT, Home
from tests.backoffice.runtime.tools import wait_for


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """An empty checkout. What lies under /var/tmp for it goes with it."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    yield folder
    for name in ("test", "demo", "other"):
        Home(name, folder).remove()


@pytest.fixture
def home(checkout: Path) -> Home:
    home = Home("test", checkout)
    home.make()
    return home


@pytest.fixture
def supervise(checkout: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Run a supervisor in a process of its own, with a body that says what it starts; ended at the end of the test."""
    started: list[subprocess.Popen[str]] = []

    def run(body: str, name: str = "test") -> subprocess.Popen[str]:
        program = f"""
import sys
from pathlib import Path
from backoffice.runtime.child import ProcessSpec
from backoffice.runtime.errors import RuntimeProblem, StopRequested
from backoffice.runtime.home import Home
from backoffice.runtime.processes import Supervisor, say
from backoffice.runtime.ready import CallReady, HttpReady, LogLineReady

def python(name, code, **more):
    return ProcessSpec(name=name, argv=[sys.executable, "-c", code], env={{"PATH": "/usr/bin:/bin"}}, **more)

try:
    with Supervisor(Home({name!r}, Path({str(checkout)!r})), "The test") as supervisor:
        try:
{textwrap.indent(textwrap.dedent(body), " " * 12)}
            say("WATCHING")
            supervisor.watch()
        except StopRequested:
            say("STOPPING")
except RuntimeProblem as problem:
    say(str(problem))
    sys.exit(problem.exit_code)
"""
        process = subprocess.Popen(
            [sys.executable, "-c", program], cwd=CHECKOUT, env={**os.environ}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.terminate()
            wait_for(lambda process=process: process.poll() is not None)
        assert process.stdout
        process.stdout.close()
