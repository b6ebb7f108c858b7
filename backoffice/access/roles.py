"""The roles that every installation starts with. Who holds which permission by default is said where the permission is registered."""

from typing import Final, NamedTuple


class Shipped(NamedTuple):
    name: str
    purpose: str


OWNER: Final = "owner"  # holds every permission; keeps the house, not the queues

SHIPPED: Final[dict[str, Shipped]] = {
    "support": Shipped("Support", "Answers players: sees status of payments and play, decides nothing"),
    "payments-l1": Shipped("Payments L1", "Reviews withdrawals and deposits"),
    "payments-l2": Shipped("Payments L2", "Second approval, returns and refunds"),
    "head-of-payments": Shipped("Head of payments", "Sets limits, providers and routing"),
    "kyc": Shipped("KYC", "Reviews documents and identity"),
    "fraud": Shipped("Fraud", "Works cases, rules and links between players"),
    "compliance": Shipped("Compliance", "Screening, money laundering, player protection, filings"),
    "crm": Shipped("CRM", "Campaigns, segments and messages"),
    "games": Shipped("Games", "Catalogue, availability and lobbies"),
    "finance": Shipped("Finance", "Ledger, reconciliation, statements and fees"),
    "auditor": Shipped("Auditor", "Reads everything that may be read, changes nothing"),
    OWNER: Shipped("Owner", "People, roles and every setting"),
}
