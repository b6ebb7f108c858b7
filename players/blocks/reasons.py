"""Why staff block something. The code stands in the record; one that ends in OTHER needs a note."""

from django.utils.translation import gettext_lazy as _

STAFF = {
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


def needs_note(code: str) -> bool:
    return code.endswith("_OTHER")
