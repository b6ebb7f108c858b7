"""Backup, restore, and the drill that proves it: restore into a scratch server, new epoch, erasures again, verify.

A backup is PostgreSQL's own (pg_dump, custom format) and a manifest with the heads of the chains, so that a restored database can be
held against what stood when it was made. Erasures are appended to a file beside the data, since one made after the backup
must still hold after the restore.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from backoffice.audit import personal, sequencer, verify
from backoffice.audit.models import Erasure
from backoffice.runtime import rights
from backoffice.runtime.binaries import embedded_binaries

MANIFEST = "manifest.json"
DUMP = "database.dump"


class BackupProblem(Exception):
    """A backup or restore cannot go on; the message says what to do. Nothing of the target was changed, or it says what was."""


def program(name: str) -> str:
    """pg_dump or pg_restore: PG_BIN's, the system's when its version fits, else the embedded one's."""
    folder = os.environ.get("PG_BIN")
    if folder:
        return str(Path(folder) / name)
    try:
        return str(embedded_binaries(copy=False).bin / name)
    except Exception as missing:
        found = shutil.which(name)
        if found is None:
            raise BackupProblem(f"{name} was not found. Install PostgreSQL's client programs or set PG_BIN.") from missing
        return found


def _connection_environment(database: Mapping[str, Any]) -> dict[str, str]:
    """What libpq reads; the password travels in the environment and never in a command line."""
    env = {
        "PGHOST": str(database["HOST"]), "PGPORT": str(database["PORT"]), "PGUSER": str(database["USER"]), "PGPASSWORD": str(database["PASSWORD"]),
        "PGDATABASE": str(database["NAME"]),
    }  # fmt: skip
    return {**os.environ, **{name: value for name, value in env.items() if value}}


def _run(arguments: list[str], env: Mapping[str, str]) -> None:
    done = subprocess.run(arguments, env=dict(env), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupProblem(f"{Path(arguments[0]).name} failed: {done.stderr.strip()[-800:]}")


def heads() -> dict[str, list[Any]]:
    """The last seal of each stream: (number, last position, hex)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT ON (stream) stream, number, last_position, encode(seal, 'hex') FROM audit_seal ORDER BY stream, number DESC")
        return {stream: [number, position, seal] for stream, number, position, seal in cursor.fetchall()}


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def backup(folder: Path) -> dict[str, Any]:
    """Write a backup into `folder`, which must be new or empty. Returns the manifest. Raises BackupProblem."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        raise BackupProblem(f"{folder} is not empty. Choose a new folder for each backup.")
    before = heads()
    dump = folder / DUMP
    _run(
        [program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", "--file", str(dump)],
        _connection_environment(connection.settings_dict),
    )
    manifest = {"made_at": datetime.now(UTC).isoformat(), "sha256": _digest(dump), "bytes": dump.stat().st_size, "heads": before, "format": 1}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    """Raises BackupProblem when the folder holds no backup, or one that was damaged."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as wrong:
        raise BackupProblem(f"{folder} holds no backup: {MANIFEST} cannot be read.") from wrong
    if not (folder / DUMP).is_file() or _digest(folder / DUMP) != manifest["sha256"]:
        raise BackupProblem(f"{folder / DUMP} is not the file that the manifest describes. Take another backup.")
    return manifest


def restore(folder: Path, *, erasures: Path | None, note: str) -> dict[str, Any]:
    """Restore into the connected database, which must be empty; then a new epoch, the erasures again, rights, and verify.

    Raises BackupProblem; a database that was filled half-way must be dropped and made again.
    """
    manifest = read_manifest(folder)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
        if cursor.fetchone()[0]:
            raise BackupProblem("The target database is not empty. Restore into a new one: nothing is ever written over.")
    settings_dict = dict(connection.settings_dict)
    connection.close()
    _run(
        [program("pg_restore"), "--no-owner", "--no-privileges", "--exit-on-error", "--dbname", str(settings_dict["NAME"]), str(folder / DUMP)],
        _connection_environment(settings_dict),
    )
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_epoch (id, note) SELECT max(id) + 1, %s FROM audit_epoch RETURNING id", [note])
        (epoch,) = cursor.fetchone()
    erased_again = _apply_erasures(erasures)
    rights.apply(settings.APP_ROLE)
    sequencer.catch_up()
    known = {(stream, number): seal for stream, (number, _position, seal) in manifest["heads"].items()}
    report = verify.run(known=known)
    return {
        "epoch": epoch, "erased_again": erased_again, "checked": report.checked, "findings": [vars(finding) for finding in report.findings],
    }  # fmt: skip


def _apply_erasures(path: Path | None) -> int:
    """Those that came back inside the backup, and those that the file says were made after it."""
    count = personal.reapply_erasures()
    if path is None or not path.is_file():
        return count
    known = set(Erasure.objects.values_list("player_id", flat=True))
    for line in path.read_text().splitlines():
        row = json.loads(line)
        if row["player_id"] not in known:
            personal.erase(player_id=row["player_id"], reason=row["reason"], now=datetime.fromisoformat(row["erased_at"]))
            known.add(row["player_id"])
            count += 1
    return count
