"""The roles that every installation starts with. Who holds which permission by default is said where the permission is registered."""

from typing import Final, NamedTuple

from django.utils.translation import gettext, gettext_noop


class Shipped(NamedTuple):
    name: str
    purpose: str


OWNER: Final = "owner"  # holds every permission; keeps the house, not the queues

SHIPPED: Final[dict[str, Shipped]] = {
    "support": Shipped(gettext_noop("Support"), gettext_noop("Answers players: sees status of payments and play, decides nothing")),
    "payments-l1": Shipped(gettext_noop("Payments L1"), gettext_noop("Reviews withdrawals and deposits")),
    "payments-l2": Shipped(gettext_noop("Payments L2"), gettext_noop("Second approval, returns and refunds")),
    "head-of-payments": Shipped(gettext_noop("Head of payments"), gettext_noop("Sets limits, providers and routing")),
    "kyc": Shipped(gettext_noop("KYC"), gettext_noop("Reviews documents and identity")),
    "fraud": Shipped(gettext_noop("Fraud"), gettext_noop("Works cases, rules and links between players")),
    "compliance": Shipped(gettext_noop("Compliance"), gettext_noop("Screening, money laundering, player protection, filings")),
    "crm": Shipped(gettext_noop("CRM"), gettext_noop("Campaigns, segments and messages")),
    "games": Shipped(gettext_noop("Games"), gettext_noop("Catalogue, availability and lobbies")),
    "finance": Shipped(gettext_noop("Finance"), gettext_noop("Ledger, reconciliation, statements and fees")),
    "auditor": Shipped(gettext_noop("Auditor"), gettext_noop("Reads everything that may be read, changes nothing")),
    OWNER: Shipped(gettext_noop("Owner"), gettext_noop("People, roles and every setting")),
}


def in_words(code: str, said: str) -> str:
    """A role's name or purpose for a reader: what the house shipped in the reader's language, what somebody wrote as it was written."""
    return gettext(said) if said and code in SHIPPED and said in SHIPPED[code] else said


def label(code: str) -> str:
    """The name of a shipped role in the reader's language; a code of another one as it is."""
    return gettext(SHIPPED[code].name) if code in SHIPPED else code
