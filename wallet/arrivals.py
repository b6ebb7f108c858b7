"""Opening balances of players who come from another system: posted once, from the house's account for migration."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.jobs.imports.declared import Problem, Refused, Values
from backoffice.jobs.imports.fields import Field, amounts
from backoffice.ui import money
from players.arrivals import parts
from players.arrivals.services import SOURCE
from players.models import Player
from players.timeline import declared
from players.timeline.declared import Said
from wallet import currencies, ledger
from wallet.kinds import AccountKind, TransactionKind
from wallet.ledger import Cash, House

IMPORT_BALANCES = "wallet.import_balances"
_PREFIX = "opening:"


def opening(values: Values) -> list[tuple[str, Decimal]]:
    """Currency and amount, as the row says; one without a currency is in the player's own."""
    return [(code or values["currency"].upper(), amount) for code, amount in values["balances"] or ()]


def check(values: Values) -> Iterable[Problem]:
    seen: set[str] = set()
    for code, amount in opening(values):
        exponent = currencies.exponent(code)
        if exponent is None:
            yield Problem("balances", _("%(code)s is not set up here.") % {"code": code}, _("Write its code, such as EUR, or have it set up first."))
        elif amount < 0:
            yield Problem("balances", _("%(code)s is below zero.") % {"code": code}, _("Settle it in the other system first; no balance begins below zero."))
        elif amount != round(amount, exponent):
            words = {"code": code, "n": exponent}
            yield Problem("balances", _("%(code)s has at most %(n)s decimals.") % words, _("Write the exact amount; nothing is rounded here."))
        elif amount >= Decimal(10) ** 20:
            yield Problem("balances", _("The amount in %(code)s is too large.") % {"code": code}, _("Look at it again."))
        if code in seen:
            yield Problem("balances", _("%(code)s stands there twice.") % {"code": code}, _("Add them up."))
        seen.add(code)


def bring(player: Player, values: Values, *, by: Staff, now: datetime) -> str:
    """Post what is above zero. Raises Refused for who lost the permission, and as the ledger refuses."""
    brought = [(code, amount) for code, amount in opening(values) if amount > 0]
    if brought and not by.may(IMPORT_BALANCES):
        raise Refused(_("Bringing balances in is not yours."))
    for code, amount in brought:
        try:
            ledger.post(
                kind=TransactionKind.IMPORTED, key=f"arrival:{player.pk}:{code}", brand=player.brand_id, amount=amount, currency=code,
                source=House(AccountKind.MIGRATION, values["source"] or SOURCE), target=Cash(player.pk), effective_at=now,
            )  # fmt: skip
        except ledger.LedgerError as refused:
            raise Refused(str(refused)) from refused
        record(
            "wallet.balance_imported", actor=Actor.staff(by), at=now, brand_id=player.brand_id, player_id=player.pk, subject=player,
            after={"amount": amount, "currency": code, "source": values["source"] or SOURCE},
        )  # fmt: skip
    return ", ".join(str(money.write(amount, code)) for code, amount in brought)


def tally(values: Values) -> Mapping[str, Decimal]:
    return {f"{_PREFIX}{code}": amount for code, amount in opening(values) if amount > 0}


def tally_words(key: str, total: Decimal) -> tuple[str, str] | None:
    if not key.startswith(_PREFIX):
        return None
    code = key.removeprefix(_PREFIX)
    return _("Opening balances in %(code)s") % {"code": code}, str(money.write(total, code))


def plug_in() -> None:
    parts.register(
        "wallet.balances",
        parts.Part(
            fields=(
                Field(
                    key="balances", label=gettext_lazy("Opening balances"), type=amounts(), permission=IMPORT_BALANCES, approved=True,
                    help=gettext_lazy("Such as 120.50, or EUR 120.50; SEK 15. Posted from the house's account for migration, after approval."),
                    aliases=("balance", "cash"),
                ),
            ),
            check=check, bring=bring, tally=tally, tally_words=tally_words,
        ),
    )  # fmt: skip
    declared.register(
        Said(
            type="wallet.balance_imported", category="payments", text=gettext_lazy("Opening balance brought in from %(source)s"), icon="upload",
            permission="wallet.view",
        )
    )  # fmt: skip
