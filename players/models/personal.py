"""A personal value of a model: kept encrypted, found exactly through its digest."""

from typing import Any

from django.db.models import Q

from backoffice.audit import vault
from players import phones


class Encrypted:
    """A personal value of a model: `email` reads and writes `email_cipher` and `email_digest`.

    The digest is of one spelling of the value, so that an exact search finds it; nothing else can be searched.
    """

    def __init__(self, name: str, *, purpose: str, spelling: Any) -> None:
        self.cipher, self.digest, self.purpose, self.spelling = f"{name}_cipher", f"{name}_digest", purpose, spelling

    def __get__(self, row: Any, owner: Any = None) -> Any:
        if row is None:
            return self
        stored = getattr(row, self.cipher)
        return vault.decrypt(stored, purpose=self.purpose) if stored else ""

    def __set__(self, row: Any, text: str) -> None:
        setattr(row, self.cipher, vault.encrypt(text, purpose=self.purpose) if text else "")
        setattr(row, self.digest, vault.digest(self.spelling(text), purpose=self.purpose) if text else "")

    def match(self, text: str) -> Q:
        return Q(**{f"{self.digest}__in": vault.digests(self.spelling(text), purpose=self.purpose)})


def spelled_email(text: str) -> str:
    return text.strip().lower()


_NO_DOTS = {"gmail.com"}  # dots in the name of a mailbox mean nothing there
_NO_TAGS = {  # what follows a + is the player's own mark there
    "gmail.com", "outlook.com", "hotmail.com", "live.com", "icloud.com", "me.com", "mac.com", "proton.me", "protonmail.com", "pm.me", "fastmail.com",
}  # fmt: skip
_SAME_HOUSE = {"googlemail.com": "gmail.com"}


def spelled_mailbox(text: str) -> str:
    """The mailbox that an address leads to: without dots and tags where its provider does not look at them."""
    name, at, host = spelled_email(text).rpartition("@")
    host = _SAME_HOUSE.get(host, host)
    name = name.partition("+")[0] if host in _NO_TAGS else name
    return f"{name.replace('.', '') if host in _NO_DOTS else name}{at}{host}"


class EncryptedEmail(Encrypted):
    """An e-mail address; beside its own digest it keeps that of its mailbox, by which two spellings of one are found."""

    def __set__(self, row: Any, text: str) -> None:
        super().__set__(row, text)
        row.mailbox_digest = mailbox_digest(text)


def mailbox_digest(text: str) -> str:
    return vault.digest(spelled_mailbox(text), purpose="player.mailbox") if text else ""


spelled_phone = phones.spelled


def spelled_account(text: str) -> str:
    """IBANs, card tokens and addresses: no spaces. Case is kept, since blockchain addresses have meaning in it."""
    compact = "".join(text.split())
    return compact.upper() if compact[:2].isalpha() and compact[2:4].isdigit() else compact
