"""Why an account is suspended, closed or made active again. Codes stand in the record; what staff read is translated."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Reason:
    """One that ends in OTHER asks for a note."""

    code: str
    to: str
    label: str | Promise

    @property
    def needs_note(self) -> bool:
        return self.code.endswith("OTHER")


REASONS = (
    Reason("ACCOUNT_AT_RISK", "suspended", _("Somebody else may use the account")), Reason("DOCUMENTS", "suspended", _("Documents are missing or wrong")),
    Reason("FRAUD_SUSPECTED", "suspended", _("Fraud is suspected")), Reason("SAME_PERSON", "suspended", _("The person may have another account")),
    Reason("COMPLIANCE", "suspended", _("Compliance asked for it")), Reason("SUSPENDED_OTHER", "suspended", _("Another reason, see the note")),
    Reason("PLAYER_ASKED", "closed", _("The player asked for it")), Reason("DUPLICATE", "closed", _("The person has another account")),
    Reason("FRAUD_PROVEN", "closed", _("Fraud was proven")), Reason("UNDER_AGE", "closed", _("Under age")),
    Reason("DECEASED", "closed", _("The player has died")),
    Reason("CLOSED_OTHER", "closed", _("Another reason, see the note")),
    Reason("CLEARED", "active", _("Looked into and cleared")), Reason("PLAYER_RETURNS", "active", _("The player wants the account back")),
    Reason("MISTAKE", "active", _("It was a mistake")), Reason("ACTIVE_OTHER", "active", _("Another reason, see the note")),
)  # fmt: skip
BY_CODE = {reason.code: reason for reason in REASONS}


def for_move(to: str) -> list[tuple[str, str | Promise]]:
    return [(reason.code, reason.label) for reason in REASONS if reason.to == to]


def label(code: str) -> str:
    return str(BY_CODE[code].label) if code in BY_CODE else code
