"""What every payment provider does for us, in our words.

The one rule of money that leaves: **a payout whose outcome is unknown is resolved by asking, never by sending again.** So each call ends
in one of four ways, and the caller does exactly this:

    an answer             the provider has it; go on from its state
    ProviderRefused       a definite no; the money is still ours; end this attempt
    ProviderUnavailable   definitely not taken; the row stays due, try later with the same reference and key
    OutcomeUnknown        nobody knows; mark the row unknown and `ask(reference)` until found, or not found for good

`ask` may say not_found while a request is still on its way. It is final only when asked at least
`capabilities.not_found_final_after` after the last attempt to send ended.

References are ours, unique for ever, and made before the first call; the committed row holds them. Amounts are Decimal in units of their
currency. Adapters are safe to use from many threads and hold no transaction while they talk.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

# ---- words ----


class Operation(StrEnum):
    """What can be asked of a provider."""

    DEPOSIT = "deposit"
    PAYOUT = "payout"
    REFUND = "refund"
    ASK = "ask"


class Method(StrEnum):
    """Kinds of payment method."""

    CARD = "card"
    BANK = "bank"
    WALLET = "wallet"
    CRYPTO = "crypto"


class PaymentKind(StrEnum):
    """What a reference stands for at the provider."""

    DEPOSIT = "deposit"
    PAYOUT = "payout"
    REFUND = "refund"


class DepositState(StrEnum):
    """A deposit at the provider. Only `captured` means that the money came, `reversed` that it has gone back. What a bank takes back is a `Dispute`."""

    PENDING = "pending"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    FAILED = "failed"
    EXPIRED = "expired"
    REVERSED = "reversed"


class PayoutState(StrEnum):
    """A payout at the provider. `failed`: it never left. `returned`: it was paid and the bank sent it back."""

    ACCEPTED = "accepted"
    SENT = "sent"
    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"


class RefundState(StrEnum):
    """A refund at the provider."""

    ACCEPTED = "accepted"
    PAID = "paid"
    FAILED = "failed"


State = DepositState | PayoutState | RefundState


class DisputeState(StrEnum):
    """A dispute about a deposit. `inquiry`: the bank asks, no money has moved. `opened`: the money was taken from us. `won`: it came back.

    `lost`: it will not come back. A dispute that was won may be opened once more (second chargeback, arbitration).
    """

    INQUIRY = "inquiry"
    OPENED = "opened"
    WON = "won"
    LOST = "lost"


class Found(StrEnum):
    """Whether the provider knows a reference."""

    FOUND = "found"
    NOT_FOUND = "not_found"


class EventKind(StrEnum):
    """What a webhook tells. UNKNOWN is a type that this adapter does not know yet: keep it, acknowledge it, act on nothing."""

    DEPOSIT_AUTHORISED = "deposit.authorised"
    DEPOSIT_CAPTURED = "deposit.captured"
    DEPOSIT_FAILED = "deposit.failed"
    DEPOSIT_EXPIRED = "deposit.expired"
    DEPOSIT_REVERSED = "deposit.reversed"
    PAYOUT_SENT = "payout.sent"
    PAYOUT_PAID = "payout.paid"
    PAYOUT_FAILED = "payout.failed"
    PAYOUT_RETURNED = "payout.returned"
    REFUND_PAID = "refund.paid"
    REFUND_FAILED = "refund.failed"
    DISPUTE_INQUIRY = "dispute.inquiry"
    DISPUTE_OPENED = "dispute.opened"
    DISPUTE_WON = "dispute.won"
    DISPUTE_LOST = "dispute.lost"
    UNKNOWN = "unknown"


# ---- things ----


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An exact amount in units of `currency`. Raises TypeError for a float, ValueError for a negative or endless number."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError("an amount is a Decimal")
        if not self.amount.is_finite() or self.amount < 0:
            raise ValueError("an amount is finite and not negative")

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do. `exponents` names its currencies and how many decimals it takes in each."""

    methods: Mapping[Operation, frozenset[Method]]
    exponents: Mapping[str, int]
    partial_refunds: bool
    not_found_final_after: timedelta

    def supports(self, *, operation: Operation, method: Method, currency: str) -> bool:
        """Whether this operation can be asked for by this method in this currency."""
        if (method is Method.CRYPTO) != (currency in CRYPTO):
            return False
        return currency in self.exponents and method in self.methods.get(operation, frozenset())


CRYPTO = frozenset({"BTC", "ETH"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DepositRequest:
    """Take `money` from the player's instrument. `reference` is ours; `key` makes a repeat of this very request harmless.

    `player` is our name for the player, `country` theirs (ISO 3166-1), `language` the one they read (BCP 47), `ip` where they sit.
    """

    reference: str
    key: str
    money: Money
    method: Method
    instrument_token: str = dataclasses.field(repr=False)
    return_url: str = ""
    player: str = ""
    country: str = ""
    language: str = ""
    ip: str = dataclasses.field(default="", repr=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PayoutRequest:
    """Pay `money` to the player's instrument. `beneficiary_account` is its number (IBAN, address on a chain) where the provider has no token for it."""

    reference: str
    key: str
    money: Money
    method: Method
    beneficiary_token: str = dataclasses.field(repr=False)
    beneficiary_name: str = dataclasses.field(repr=False)
    beneficiary_account: str = dataclasses.field(default="", repr=False)
    player: str = ""
    country: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """Give `money` of a captured deposit back to where it came from. `deposit_id` is the provider's id of the deposit."""

    reference: str
    key: str
    deposit_id: str
    money: Money


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DepositAnswer:
    """The provider has the deposit. With a `redirect_url` the player goes there next; `pay_to` is where the player sends the money (an address, a link).

    `fee`, `sequence` and `decline` as in `Payment`, where the answer has them.
    """

    reference: str
    provider_id: str
    state: DepositState
    money: Money
    redirect_url: str = ""
    pay_to: str = ""
    expires_at: datetime | None = None
    fee: Money | None = None
    sequence: int = 0
    decline: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PayoutAnswer:
    """The provider has the payout."""

    reference: str
    provider_id: str
    state: PayoutState
    money: Money


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswer:
    """The provider has the refund."""

    reference: str
    provider_id: str
    state: RefundState
    money: Money


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """One dispute about a deposit, `dispute_id` being the provider's. `money` is what was or may be taken. `reason` is the scheme's code, such as 10.4."""

    dispute_id: str
    state: DisputeState
    money: Money
    reason: str = ""
    evidence_due_at: datetime | None = None
    fee: Money | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment as the provider knows it.

    `money` is what moved or is to move: what came in when that is not what was asked for. `fee` is what was charged so far, None where the provider tells it
    only in reports. `sequence` grows with every change; 0 where the provider counts none, so that nothing can be told from the order of its news.
    `decline` is why it failed, in the provider's words. `deposit_id` is, of a refund, the provider's id of the deposit.
    """

    reference: str
    provider_id: str
    kind: PaymentKind
    state: State
    money: Money
    fee: Money | None
    sequence: int
    changed_at: datetime
    decline: str = ""
    deposit_id: str = ""
    disputes: tuple[Dispute, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStatus:
    """The answer to `ask`. `payment` is None exactly when the reference was not found."""

    reference: str
    payment: Payment | None

    @property
    def found(self) -> Found:
        """Whether the provider knows the reference."""
        return Found.NOT_FOUND if self.payment is None else Found.FOUND


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent:
    """One fact from a webhook, signature checked. May come twice (same `event_id`) and in any order.

    `sequence` counts the changes of one payment: an event below the last one handled is old news, a gap is filled by asking.
    `money` is what this event moves, `fee` what the provider charges for it. `payment` is the payment as it was then, None where the event does not tell
    it: for UNKNOWN, and for news that is only a reason to ask. `dispute` is what a dispute's event tells.
    """

    event_id: str
    kind: EventKind
    occurred_at: datetime
    reference: str
    provider_id: str
    sequence: int
    money: Money | None
    fee: Money | None
    payment: Payment | None
    raw: Mapping[str, Any] = dataclasses.field(repr=False)
    dispute: Dispute | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What we know of a payment when we ask about it.

    `since` is when it was first sent. `again` is the request itself: a provider that answers questions about a deposit or a refund only by a repeat of the
    request under its key is asked so, never about a payout, and never without `since`: a key is kept for days only.
    """

    provider_id: str = ""
    since: datetime | None = None
    again: DepositRequest | RefundRequest | None = None


NOTHING_KNOWN = Known()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What the provider holds for us in one currency, in units of it: `available` to pay out, `pending` until it is, `reserved` against chargebacks."""

    currency: str
    available: Decimal
    pending: Decimal
    reserved: Decimal
    as_of: datetime


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is put forward against a dispute: a text for the bank, and files as (name, media type, bytes)."""

    dispute_id: str
    key: str
    text: str
    files: tuple[tuple[str, str, bytes], ...] = dataclasses.field(default=(), repr=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPage:
    """A page of payments that changed, oldest change first. `cursor` goes on from here; `more` says that it has not ended."""

    payments: tuple[Payment, ...]
    cursor: str
    more: bool


# ---- what goes wrong ----


class ProviderError(Exception):
    """Any failure of a call to a provider."""


class ProviderRefused(ProviderError):
    """A definite no from the provider about this request. Nothing was taken. End the attempt; the player's money is free again."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class ProviderUnavailable(ProviderError):
    """Definitely not taken: no connection, our key refused, too many requests. Try later with the same reference and key."""


class OutcomeUnknown(ProviderError):
    """It may have been taken: no answer in time, a dropped connection, a 5xx, an answer that makes no sense. Ask; never send again."""


class ReferenceConflict(OutcomeUnknown):
    """The provider holds something else under this reference. Asking tells what; a person must look, since money may have left."""


class WebhookError(Exception):
    """A webhook that must not be acted on."""


class BadSignature(WebhookError):
    """Not signed with our secret, or changed on the way. Answer 401 and keep nothing but the count."""


class StaleSignature(WebhookError):
    """Signed rightly, but outside the time window: a replay, or a clock that is off. Answer 401; the provider signs each try afresh."""


class BadWebhook(WebhookError):
    """Signed rightly, but not understood. Keep the raw body for a person and answer 4xx, so that it comes again."""


# ---- the protocol ----


@runtime_checkable
class Provider(Protocol):
    """A payment provider. Calls block for `timeout` seconds at most; make them from a worker, never inside a transaction."""

    @property
    def code(self) -> str:
        """The name in settings and rows."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    def create_deposit(self, request: DepositRequest) -> DepositAnswer:
        """Start a deposit. Raises ProviderRefused, ProviderUnavailable, OutcomeUnknown; ValueError for an amount it cannot express."""

    def send_payout(self, request: PayoutRequest) -> PayoutAnswer:
        """Send a payout once. Raises ProviderRefused, ProviderUnavailable, OutcomeUnknown; ValueError for an amount it cannot express."""

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Refund a captured deposit. Raises ProviderRefused, ProviderUnavailable, OutcomeUnknown; ValueError as above."""

    def ask(self, reference: str, *, known: Known = NOTHING_KNOWN) -> PaymentStatus:
        """Tell what the provider knows of `reference`. Changes nothing, so repeat it freely. `known` is what we have of it, for a provider that needs it.

        Raises only OutcomeUnknown: without a definite answer nothing was learnt, whatever went wrong. It never raises
        ProviderUnavailable or ProviderRefused, which would read as news about the payment.
        """

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> list[ProviderEvent]:
        """Check the signature over the raw body, then read it. Raises BadSignature, StaleSignature, BadWebhook."""

    def read_webhook(self, body: bytes) -> list[ProviderEvent]:
        """Read a webhook that was checked when it came in and kept since. Raises BadWebhook."""


@runtime_checkable
class ListsPayments(Protocol):
    """A provider that lists what changed, for reconciliation."""

    def list_payments(self, *, cursor: str = "", limit: int = 100) -> PaymentPage:
        """Payments changed after `cursor` (empty: from the beginning). Raises OutcomeUnknown when no page could be read."""


@runtime_checkable
class TellsBalance(Protocol):
    """A provider that tells what it holds for us."""

    def balances(self) -> list[Balance]:
        """One for each currency. Raises OutcomeUnknown when it could not be learnt."""


@runtime_checkable
class CompletesRedirects(Protocol):
    """A provider that wants to hear from us when the player has come back from a redirect, and takes no money before."""

    def complete(self, request: DepositRequest, redirect_result: str) -> DepositAnswer:
        """Hand in what the player brought along (`redirectResult` of the address). A repeat is harmless. Raises as `create_deposit`."""


@runtime_checkable
class TakesEvidence(Protocol):
    """A provider through which a dispute is defended or given up."""

    def defend(self, evidence: Evidence) -> None:
        """Hand in what speaks against the dispute. Raises ProviderRefused, ProviderUnavailable, OutcomeUnknown."""

    def accept(self, dispute_id: str, *, key: str) -> None:
        """Let the dispute be lost. Raises ProviderRefused, ProviderUnavailable, OutcomeUnknown."""
