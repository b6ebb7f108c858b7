"""The work of the file: for each kind a file of JSON lines and its documents, then one ZIP with a page in the player's language.

Rows are read some hundred at a time and kept as parts, each with its checksum, together with how far the work has come. A kill loses one part.
"""

import hashlib
import json
import re
import tempfile
import zipfile
from datetime import datetime
from typing import IO, Any

from django.core.files.base import File
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.record import machine
from backoffice.jobs import files, services
from backoffice.jobs.kinds import Impossible, Kind, Text
from backoffice.jobs.models import Job, Part
from backoffice.jobs.runner import Slice, brief
from players.lifecycles import ACCESS
from players.models import AccessRequest
from players.privacy import WORK, held
from players.privacy.access import KIND
from players.privacy.held import Holding

ROWS = 500
ROWS_WITH_DOCUMENTS = 20
DOCUMENT = "document"
_UNSAFE = re.compile(r"[^\w.() -]+")


def _asked(job: Job) -> AccessRequest:
    """With the rights that who asked for the file has now. Raises Impossible."""
    row = AccessRequest.objects.select_related("player__brand", "player__jurisdiction").get(pk=job.spec["request"])
    staff = Staff.objects.with_roles().get(pk=job.requested_by_id)
    if not staff.is_active or not staff.may(WORK) or row.brand_id not in {brand.pk for brand in staff.brands}:
        raise Impossible(str(_("Rights of who asked for it no longer cover it.")))
    if row.player.erased_at is not None or row.state not in {"asked", "made"} or row.job_id != job.pk:
        raise Impossible(str(_("The request was answered meanwhile.")))
    return row


def step(slice_: Slice) -> bool:
    """One piece. Raises Impossible, Lost."""
    job = slice_.job
    row = _asked(job)
    try:
        return _write(slice_, row) if job.phase in {"", "writing"} else _assemble(slice_, row)
    except files.Damaged:
        slice_.begin_again()
        return True


def _write(slice_: Slice, row: AccessRequest) -> bool:
    job = slice_.job
    at, after = job.progress.get("at", 0), job.progress.get("after", 0)
    names = job.spec["kinds"]
    if at >= len(names):
        slice_.keep(phase="assembling")
        return True
    holding = held.get(names[at])
    most = ROWS if holding.documents is Holding.__dataclass_fields__["documents"].default else ROWS_WITH_DOCUMENTS
    with brief():
        rows = holding.page(row.player_id, after, most)
        assert holding.says is not None  # noqa: S101
        text = "".join(json.dumps(holding.says(one), ensure_ascii=False, default=str) + "\n" for one in rows)
        documents = [(document, document.read()) for one in rows for document in holding.documents(one)]
    parts = [(f"k{at}", len(rows), text.encode())] if rows else []
    listed = list(job.progress.get("documents", []))
    for document, content in documents:
        if content is not None:
            listed.append(f"documents/{holding.key}/{_UNSAFE.sub('_', document.name)[-120:]}")
            parts.append((DOCUMENT, 1, content))
    stored = [(kind, count, *files.write_part(job, content)) for kind, count, content in parts]
    with transaction.atomic():
        for kind, count, name, digest in stored:
            number = Part.objects.filter(job=job, kind=kind).count()
            Part.objects.create(job=job, kind=kind, number=number, name=name, rows=count, sha256=digest)
        more = len(rows) == most
        slice_.keep(
            phase="writing", done=job.done + len(rows),
            progress={"at": at if more else at + 1, "after": rows[-1].pk if more else 0, "documents": listed},
        )  # fmt: skip
    return True


def _assemble(slice_: Slice, row: AccessRequest) -> bool:
    job = slice_.job
    assert job.started_at is not None  # noqa: S101
    with tempfile.TemporaryFile() as whole:
        _fill(whole, slice_, row, job.started_at)
        size = whole.tell()
        whole.seek(0)
        digest = hashlib.file_digest(whole, "sha256").hexdigest()
        whole.seek(0)
        name = files.keep(job, File(whole), "zip")
    now = timezone.now()
    try:
        with transaction.atomic():
            asked = AccessRequest.objects.select_for_update(of=("self",)).get(pk=row.pk)
            slice_.move(
                "ready", file=name, size=size, sha256=digest, total=job.done, expires_at=now + services.KEPT, phase="",
                evidence={"rows": job.done, "sha256": digest, "size": size},
            )  # fmt: skip
            also: dict[str, Any] = {"made_at": now, "sha256": digest, "rows": job.done}
            ACCESS.move(asked, to="made", by=Actor.system(machine()), now=now, also=also, evidence={"rows": job.done, "sha256": digest})
    except NotAllowed as over:
        files.discard(name)
        raise Impossible(str(_("The request was answered meanwhile."))) from over
    except BaseException:
        files.discard(name)
        raise
    files.discard_parts(job)
    return False


def _fill(whole: IO[bytes], slice_: Slice, row: AccessRequest, at: datetime) -> None:
    """The same parts give the same bytes: every entry says when the work began."""
    job, stamp = slice_.job, at.timetuple()[:6]
    counts, sums = {}, []
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:

        def put(name: str, contents: Any) -> None:
            digest = hashlib.sha256()
            entry = zipfile.ZipInfo(name, stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                for content in contents:
                    file.write(content)
                    digest.update(content)
                    slice_.keep()
            sums.append(f"{digest.hexdigest()}  {name}")

        for number, key in enumerate(job.spec["kinds"]):
            parts = list(Part.objects.filter(job=job, kind=f"k{number}"))
            counts[key] = sum(part.rows for part in parts)
            if parts:
                put(f"{key}.jsonl", (files.read_part(part) for part in parts))
        for name, part in zip(job.progress.get("documents", []), Part.objects.filter(job=job, kind=DOCUMENT), strict=True):
            put(name, [files.read_part(part)])
        put("index.html", [_index(row, job, counts, at).encode()])
        put("sha256sums.txt", ["".join(f"{line}\n" for line in sums).encode()])


def _index(row: AccessRequest, job: Job, counts: dict[str, int], at: datetime) -> str:
    """What is in it and what is not, in the player's language with English behind it."""
    player = row.player
    with translation.override(player.language if translation.check_for_language(player.language) else "en"), timezone.override(player.brand.zone):
        profile = held.get("players.profile")
        assert profile.says is not None  # noqa: S101
        context = {
            "row": row, "player": player, "brand": player.brand, "at": at, "documents": job.progress.get("documents", []),
            "language": translation.get_language(), "profile": profile.says(player),
            "kinds": [(held.get(key), counts[key]) for key in job.spec["kinds"]],
            "left_out": [one for one in held.every() if one.left_out], "omits": [one for one in held.exported() if one.omits],
        }  # fmt: skip
        return render_to_string("players/privacy/index.html", context)


def facts(job: Job) -> list[tuple[Text, str]]:
    return [(_("Player"), f"#{job.spec['player']}"), (_("Request"), f"PD-{job.spec['request']}"), (_("Personal data"), str(_("In clear")))]


MAKING = Kind(
    KIND,
    _("Everything held about a player"),
    step,
    {"": _("Starting"), "writing": _("Writing rows"), "assembling": _("Putting the file together")},
    facts,
    services.LARGE_EXPORTS,
    {"cancelled": services.KEPT},
    permission=WORK,
    content_type=lambda _job: "application/zip",
)
