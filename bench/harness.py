"""What every benchmark needs: its own migrated database, a description of the machine, rounds, and the last line."""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backoffice.runtime.throwaway import ThrowawayPostgres

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "countroom"


@dataclass(frozen=True)
class Scale:
    """How much of everything: QUICK=1, the default, or FULL=1."""

    name: str

    @classmethod
    def from_environment(cls) -> "Scale":
        quick, full = (os.environ.get(name, "") not in {"", "0"} for name in ("QUICK", "FULL"))
        if quick and full:
            sys.exit("QUICK=1 and FULL=1 exclude each other.")
        return cls("quick" if quick else "full" if full else "default")

    def pick(self, *, quick: Any, default: Any, full: Any) -> Any:
        return {"quick": quick, "default": default, "full": full}[self.name]


@contextmanager
def database() -> Iterator[ThrowawayPostgres]:
    """A cluster of its own with fsync on, and a migrated database in it; Django is ready to use it as the app's restricted login."""
    with ThrowawayPostgres("bench", durable=True) as server:
        server.cluster.create_database(DATABASE)
        point_at(server, DATABASE)
        migrate = subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
        if migrate.returncode:
            sys.exit(f"The database could not be migrated:\n{migrate.stdout}{migrate.stderr}")
        import django

        django.setup()
        yield server


def point_at(server: ThrowawayPostgres, name: str) -> None:
    """Put the addresses of a database where the settings look for them."""
    os.environ.update(
        COUNTROOM_ENV="test",
        DATABASE_URL=server.cluster.url("app", name),
        DATABASE_OWNER_URL=server.cluster.url("owner", name),
        LOG_LEVEL="WARNING",
    )
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")


def clone(server: ThrowawayPostgres, source: str, target: str) -> None:
    """A copy of a database that nobody is connected to."""
    with server.cluster.connect("owner", "postgres") as connection:
        connection.execute(f"CREATE DATABASE {target} TEMPLATE {source}")


def machine(server: ThrowawayPostgres) -> dict[str, Any]:
    """What the figures were measured on."""
    with server.cluster.connect("super", "postgres") as connection:
        postgres = connection.execute("SHOW server_version").fetchone()
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text()) if Path("/proc/cpuinfo").exists() else None
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "cpu": model[1].strip() if model else platform.processor(),
        "memory_gb": round(memory / 1024**3, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": postgres[0].split()[0] if postgres else "",
        "load_before": round(os.getloadavg()[0], 2),
    }


def median(values: list[float]) -> float:
    return statistics.median(values)


def percentile(ordered: list[float], share: float) -> float:
    """By nearest rank, of values that are sorted."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def finish(name: str, machine: dict[str, Any], rounds: list[dict[str, Any]], measured: dict[str, Any], **more: Any) -> None:
    """Print the last line."""
    print(json.dumps({"name": name, "machine": machine, **more, "rounds": rounds, "measured": measured}))


def main(run: Callable[[argparse.Namespace, Scale], None], options: Callable[[argparse.ArgumentParser], None] = lambda parser: None) -> None:
    """What a benchmark ends with. Options that it does not know belong to another one (`make bench ARGS=...` goes to all)."""
    parser = argparse.ArgumentParser()
    options(parser)
    known, _ = parser.parse_known_args()
    run(known, Scale.from_environment())
