"""Where jobs keep their files: the storage "jobs" of the settings, by default a folder that only this account can read."""

import contextlib
import hashlib
import secrets
from collections.abc import Iterator
from typing import IO

from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, storages

from backoffice.jobs.models import Job, Part, RowResult

CHUNK = 1 << 20


class Damaged(Exception):
    """A part in the storage is gone or is not what was written. The work is done again from the start."""


def storage() -> Storage:
    return storages["jobs"]


def folder(job: Job) -> str:
    return f"{job.pk}"


def write_part(job: Job, content: bytes) -> tuple[str, str]:
    """Store a piece of work under a name that nobody else has. Returns name and sha256; the row that makes it count is the caller's."""
    name = storage().save(f"{folder(job)}/part-{secrets.token_hex(8)}", ContentFile(content))
    return name, hashlib.sha256(content).hexdigest()


def read_part(part: Part) -> bytes:
    """Raises Damaged."""
    try:
        with storage().open(part.name, "rb") as file:
            content: bytes = file.read()
    except FileNotFoundError as gone:
        raise Damaged(part.name) from gone
    if hashlib.sha256(content).hexdigest() != part.sha256:
        raise Damaged(part.name)
    return content


def keep(job: Job, file: "File[bytes]", suffix: str) -> str:
    """Store a whole file for the job. Returns its name."""
    return storage().save(f"{folder(job)}/file-{secrets.token_hex(8)}.{suffix}", file)


def discard_parts(job: Job, *kinds: str) -> None:
    """Forget every piece of work, or those of some kinds, in the storage and in the table."""
    parts = Part.objects.filter(job=job, **({"kind__in": kinds} if kinds else {}))
    for part in parts:
        storage().delete(part.name)
    parts.delete()


def discard(name: str) -> None:
    storage().delete(name)


def discard_everything(job: Job) -> None:
    """Remove all that is stored for the job, also what a worker left there when it was killed."""
    Part.objects.filter(job=job).delete()
    RowResult.objects.filter(job=job).delete()
    with contextlib.suppress(FileNotFoundError):
        for name in storage().listdir(folder(job))[1]:
            storage().delete(f"{folder(job)}/{name}")
        storage().delete(folder(job))


def blocks(file: "File[bytes] | IO[bytes]") -> Iterator[bytes]:
    while block := file.read(CHUNK):
        yield block
