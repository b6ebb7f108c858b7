"""A provider behind its circuit breakers, one per operation, so that failing payouts do not stop anybody from asking."""

from __future__ import annotations

from collections.abc import Mapping

from .breaker import Breaker, CircuitOpen, Health
from .protocol import (
    NOTHING_KNOWN,
    Balance,
    Capabilities,
    DepositAnswer,
    DepositRequest,
    Evidence,
    Known,
    ListsPayments,
    Operation,
    OutcomeUnknown,
    PaymentPage,
    PaymentStatus,
    PayoutAnswer,
    PayoutRequest,
    Provider,
    ProviderEvent,
    RefundAnswer,
    RefundRequest,
    TakesEvidence,
    TellsBalance,
)


class Guarded:
    """The same protocol, with CircuitOpen (a ProviderUnavailable) raised instead of calling a provider that keeps failing."""

    def __init__(self, provider: Provider, *, breakers: Mapping[Operation, Breaker]) -> None:
        self._provider = provider
        self._breakers = breakers

    @property
    def code(self) -> str:
        """The name in settings and rows."""
        return self._provider.code

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return self._provider.capabilities

    def create_deposit(self, request: DepositRequest) -> DepositAnswer:
        """Start a deposit."""
        with self._breakers[Operation.DEPOSIT].call():
            return self._provider.create_deposit(request)

    def send_payout(self, request: PayoutRequest) -> PayoutAnswer:
        """Send a payout once."""
        with self._breakers[Operation.PAYOUT].call():
            return self._provider.send_payout(request)

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Refund a captured deposit."""
        with self._breakers[Operation.REFUND].call():
            return self._provider.refund(request)

    def ask(self, reference: str, *, known: Known = NOTHING_KNOWN) -> PaymentStatus:
        """Tell what the provider knows of `reference`. An open circuit is no answer, so it raises OutcomeUnknown."""
        try:
            with self._breakers[Operation.ASK].call():
                return self._provider.ask(reference, known=known)
        except CircuitOpen as error:
            raise OutcomeUnknown(str(error)) from error

    def list_payments(self, *, cursor: str = "", limit: int = 100) -> PaymentPage:
        """Payments changed after `cursor`. Raises OutcomeUnknown, and TypeError for a provider that lists nothing."""
        if not isinstance(self._provider, ListsPayments):
            raise TypeError(f"{self.code} does not list payments")
        try:
            with self._breakers[Operation.ASK].call():
                return self._provider.list_payments(cursor=cursor, limit=limit)
        except CircuitOpen as error:
            raise OutcomeUnknown(str(error)) from error

    def balances(self) -> list[Balance]:
        """What it holds for us. Raises OutcomeUnknown, and TypeError for a provider that does not tell."""
        if not isinstance(self._provider, TellsBalance):
            raise TypeError(f"{self.code} does not tell its balances")
        try:
            with self._breakers[Operation.ASK].call():
                return self._provider.balances()
        except CircuitOpen as error:
            raise OutcomeUnknown(str(error)) from error

    @property
    def takes_evidence(self) -> bool:
        """Whether a dispute is defended through it."""
        return isinstance(self._provider, TakesEvidence)

    @property
    def tells_balance(self) -> bool:
        """Whether it tells what it holds for us."""
        return isinstance(self._provider, TellsBalance)

    def defend(self, evidence: Evidence) -> None:
        """Hand in what speaks against a dispute. Raises TypeError for a provider where that is done elsewhere."""
        if not isinstance(self._provider, TakesEvidence):
            raise TypeError(f"{self.code} takes no evidence")
        with self._breakers[Operation.REFUND].call():
            self._provider.defend(evidence)

    def accept(self, dispute_id: str, *, key: str) -> None:
        """Let a dispute be lost. Raises TypeError for a provider where that is done elsewhere."""
        if not isinstance(self._provider, TakesEvidence):
            raise TypeError(f"{self.code} takes no evidence")
        with self._breakers[Operation.REFUND].call():
            self._provider.accept(dispute_id, key=key)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> list[ProviderEvent]:
        """Check and read a webhook. It comes from them, so no circuit is asked."""
        return self._provider.parse_webhook(headers, body)

    def read_webhook(self, body: bytes) -> list[ProviderEvent]:
        """Read a webhook that was checked before."""
        return self._provider.read_webhook(body)

    def health(self) -> list[Health]:
        """How each circuit stands."""
        return [breaker.state() for breaker in self._breakers.values()]
