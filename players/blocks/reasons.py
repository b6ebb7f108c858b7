"""Why staff block something: rows that change by approval (players/blocks/kind.py). The code stands in the record; one that ends in OTHER needs a note."""

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from backoffice.runtime.remembered import Remembered
from players.models import BlockReason

# The words that ship. While a reason is worded so, it is read in the reader's language.
SHIPPED = {
    "PLAYER_ASKED": _("The player asked for it"),
    "PROTECTION": _("Signs of harm from gambling"),
    "FRAUD_SUSPECTED": _("Fraud is suspected"),
    "CHARGEBACK": _("A deposit is disputed"),
    "ORIGIN_OF_MONEY": _("Where the money comes from is not known"),
    "IDENTITY_UNPROVEN": _("Identity is not proven"),
    "ACCOUNT_TAKEN_OVER": _("Somebody else may use the account"),
    "TERMS_BROKEN": _("Our terms were broken"),
    "WRONG_ADDRESS": _("The address belongs to somebody else"),
    "BLOCKED_OTHER": _("Other, see note"),
}
_rows = Remembered(lambda: {one.code: one for one in BlockReason.objects.order_by("position", "code")}, seconds=30)
forget = _rows.forget


def needs_note(code: str) -> bool:
    return code.endswith("_OTHER")


def label(code: str) -> str:
    """In words, also of a reason that is chosen no more."""
    found = _rows().get(code)
    if found is None:
        return code
    return gettext(found.label) if found.label == SHIPPED.get(code) else found.label


def offered() -> list[tuple[str, str]]:
    """Those that may be chosen, in their order."""
    return [(code, label(code)) for code, one in _rows().items() if one.active]


def may_be_chosen(code: str) -> bool:
    """Asks the table: what ended a moment ago is refused."""
    return BlockReason.objects.filter(pk=code, active=True).exists()
