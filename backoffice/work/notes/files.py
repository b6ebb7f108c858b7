"""What is attached to a note: raw bytes with their checksum, in the storage "attachments", encrypted with the player's key where there is a player."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.utils.translation import gettext as _

from backoffice.audit import personal
from backoffice.work.items import NotPossible
from backoffice.work.models import Attachment

LEFT_FOR = timedelta(days=1)  # no upload takes that long to get its row
LARGEST = 10 << 20  # bytes
MOST = 5  # of one note
# By their first bytes, never by what the sender calls them. A page or a program is none of these.
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png", ("png",)), (b"\xff\xd8\xff", "image/jpeg", ("jpg", "jpeg")), (b"GIF8", "image/gif", ("gif",)),
    (b"%PDF-", "application/pdf", ("pdf",)),
    (b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ("xlsx",)),
    (b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ("docx",)),
)  # fmt: skip
_TEXTS = {"txt": "text/plain", "csv": "text/csv", "json": "application/json", "eml": "message/rfc822"}
KINDS = "PNG, JPEG, GIF, WebP, PDF, XLSX, DOCX, TXT, CSV, JSON, EML"


class Missing(Exception):
    """What was attached is gone from the storage, was erased with its player, or is not what was written."""


@dataclass(frozen=True)
class Upload:
    name: str
    content: bytes


def storage() -> Storage:
    return storages["attachments"]


def kind_of(name: str, content: bytes) -> str:
    """Its media type, by its bytes and its ending. Raises NotPossible for what is not taken."""
    ending = name.rpartition(".")[2].lower()
    for magic, kind, endings in _MAGIC:
        if content.startswith(magic) and ending in endings:
            return kind
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP" and ending == "webp":
        return "image/webp"
    if ending in _TEXTS and b"\x00" not in content:
        return _TEXTS[ending]
    raise NotPossible(_("%(name)s: attach %(kinds)s. What is inside has to be what the ending says.") % {"name": name, "kinds": KINDS})


def check(uploads: list[Upload]) -> list[str]:
    """The media type of each. Raises NotPossible for too many, too large, empty or not taken; nothing is stored then."""
    if len(uploads) > MOST:
        raise NotPossible(_("A note has at most %(most)s attachments.") % {"most": MOST})
    for upload in uploads:
        if not upload.content:
            raise NotPossible(_("%(name)s is empty.") % {"name": upload.name})
        if len(upload.content) > LARGEST:
            raise NotPossible(_("%(name)s is larger than 10 MB.") % {"name": upload.name})
    return [kind_of(upload.name, upload.content) for upload in uploads]


def keep(upload: Upload, *, player_id: int | None, now: datetime) -> tuple[str, str]:
    """Store it. Returns its name in the storage and the sha256 of its bytes. The row that makes it count is the caller's."""
    content = upload.content
    if player_id is not None:
        content = personal.seal_bytes(content, key=personal.key_of(player_id, at=now), player_id=player_id)
    name = storage().save(f"{now:%Y/%m}/{secrets.token_hex(16)}", ContentFile(content))
    return name, hashlib.sha256(upload.content).hexdigest()


def read(attachment: Attachment) -> bytes:
    """The bytes as they were sent. Raises Missing."""
    try:
        with storage().open(attachment.stored, "rb") as file:
            content: bytes = file.read()
    except FileNotFoundError as gone:
        raise Missing(_("It is gone from the storage.")) from gone
    if attachment.player_id is not None:
        opened = personal.open_bytes(content, player_id=attachment.player_id)
        if opened is None:
            raise Missing(_("It was erased with the player's personal data."))
        content = opened
    if hashlib.sha256(content).hexdigest() != attachment.sha256:
        raise Missing(_("It is not what was attached: its checksum differs."))
    return content


@dataclass(frozen=True)
class Apart:
    """A file that lies away from its note, under a key of its own. Whoever drops the key has erased it, in every copy of the storage."""

    stored: str
    key: str  # AES-256-GCM, in hex


def put_apart(attachment: Attachment) -> Apart:
    """Store it once more, under a key of its own that nobody else keeps; what it was stays where it is. Raises Missing.

    Where the caller's transaction comes to nothing the copy stays, and nobody can open it.
    """
    content, key, nonce = read(attachment), AESGCM.generate_key(bit_length=256), secrets.token_bytes(12)
    sealed = nonce + AESGCM(key).encrypt(nonce, content, attachment.sha256.encode())
    return Apart(storage().save(f"apart/{secrets.token_hex(16)}", ContentFile(sealed)), key.hex())


def read_apart(apart: Apart, *, sha256: str) -> bytes:
    """The bytes as they were sent. Raises Missing."""
    try:
        with storage().open(apart.stored, "rb") as file:
            content: bytes = file.read()
        return AESGCM(bytes.fromhex(apart.key)).decrypt(content[:12], content[12:], sha256.encode())
    except FileNotFoundError as gone:
        raise Missing(_("It is gone from the storage.")) from gone
    except InvalidTag as altered:
        raise Missing(_("It is not what was attached: its checksum differs.")) from altered


def discard_apart(apart: Apart) -> None:
    """Remove it; again, it changes nothing."""
    storage().delete(apart.stored)


def discard_strays(*, now: datetime) -> int:
    """Remove what this month and the last were stored for a note that never came to be, because the process ended between the two. How many files."""
    found = []
    for month in sorted({f"{now:%Y/%m}", f"{now.replace(day=1) - timedelta(days=1):%Y/%m}"}):
        try:
            names = storage().listdir(month)[1]
        except FileNotFoundError:
            continue
        found += [name for name in (f"{month}/{one}" for one in names) if storage().get_modified_time(name) < now - LEFT_FOR]
    strays: set[str] = set()
    for start in range(0, len(found), 500):
        some = found[start : start + 500]
        strays |= set(some) - set(Attachment.objects.filter(stored__in=some).values_list("stored", flat=True))
    for name in sorted(strays):
        storage().delete(name)
    return len(strays)
