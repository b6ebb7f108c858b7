"""What payments put on a player's page: sums, where withdrawals stand, and all payments. Support sees states, not how it was paid or judged."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.ui import money, words
from backoffice.work import noted
from payments import situations
from payments.badges import badge, deposit_badge
from payments.lifecycles import TO_DECIDE
from payments.models import Deposit, Payment, Withdrawal
from payments.queues import SUBJECT
from payments.selectors import decision
from payments.selectors import player as selector
from players import panels
from players.messages import offers
from players.overview import waiting
from players.panels import Looking, Panel

STATUS = ("payments.view", "payments.view_status")
LATEST = 5
OFFERED = 10


def lifetime(looking: Looking) -> Mapping[str, Any]:
    found = selector.lifetime(looking.player.pk, now=looking.now)
    return {"lifetime": sorted(found, key=lambda one: one.currency != looking.player.currency), "now": looking.now}


def withdrawals(looking: Looking) -> Mapping[str, Any]:
    rows = selector.latest_withdrawals(looking.staff, looking.player.pk, limit=LATEST)
    return {"lines": _lines(looking, list(rows), on_overview=True), "judged": looking.may("payments.view")}


def payments(looking: Looking) -> Mapping[str, Any]:
    asked = selector.Asked.read(looking.request.GET)
    page = selector.page(looking.staff, looking.player.pk, asked)
    kept = {"tab": "payments", **{name: value for name, value in (("what", asked.what), ("is", asked.state)) if value}}

    def link(name: str, value: str) -> str:
        return "?" + urlencode({key: one for key, one in {**kept, name: value}.items() if one})

    kinds = (("", _("All")), (selector.DEPOSITS, _("Deposits")), (selector.WITHDRAWALS, _("Withdrawals")))
    states = (("", _("Any state")), ("open", _("Under way")), ("done", _("Paid")), ("failed", _("Failed or gone back")))
    return {
        "lines": _lines(looking, page.payments), "ignored": asked.ignored, "first": link("after", "") if asked.after else "",
        "older": link("after", page.older) if page.older else "",
        "kinds": [{"label": label, "url": link("what", value), "current": value == asked.what} for value, label in kinds],
        "states": [{"label": label, "url": link("is", value), "current": value == asked.state} for value, label in states],
    }  # fmt: skip


def _lines(looking: Looking, rows: list[Payment], *, on_overview: bool = False) -> list[dict[str, Any]]:
    """Each with its state, its sentence, and what this person may see beside them. At most one query, when a withdrawal waits."""
    about = {one.item.pk: one.noted for one in looking.once(waiting) if one.queue.subject == SUBJECT} if on_overview else {}
    unknown = [row.pk for row in rows if isinstance(row, Withdrawal) and row.state == "requested" and row.pk not in about]
    about |= noted.of(SUBJECT, unknown, now=looking.now)
    reasons = {reason.code: reason for codes in decision.reasons().values() for reason in codes}
    may_open, may_see_instruments = looking.may("payments.view"), looking.may("players.view_instruments")
    return [
        {
            "payment": row, "is_withdrawal": isinstance(row, Withdrawal),
            "badge": badge(row.state) if isinstance(row, Withdrawal) else deposit_badge(row.state),  # type: ignore[attr-defined]
            "told": _told(looking, row, about, reasons), "method": str(row.instrument) if may_see_instruments else "",
            "url": reverse(f"payments:{row._meta.model_name}", args=[row.pk]) if may_open else "",
            "reason": getattr(reasons.get(getattr(row, "reason_code", "")), "label", "") if may_open else "",
        }
        for row in rows
    ]  # fmt: skip


def _told(looking: Looking, row: Payment, about: Mapping[int, noted.Noted], reasons: Mapping[str, Any]) -> str:
    if isinstance(row, Withdrawal):
        return situations.of_withdrawal(row, now=looking.now, noted=about.get(row.pk), reason=reasons.get(row.reason_code))
    assert isinstance(row, Deposit)  # noqa: S101
    return situations.of_deposit(row)


def offered(looking: Looking) -> list[tuple[str, str]]:
    """The latest payments, open withdrawals first, for a message that is about one of them."""
    if not looking.may(STATUS):
        return []
    found = selector.page(looking.staff, looking.player.pk, selector.Asked()).payments[:OFFERED]
    found.sort(key=lambda row: not (isinstance(row, Withdrawal) and row.state in TO_DECIDE))
    return [(str(row), f"{row} \u00b7 {money.write(row.amount, row.currency)} \u00b7 {words.of(row.state)}") for row in found]  # type: ignore[attr-defined]


def plug_in() -> None:
    offers.register("payment", offered)
    _l = gettext_lazy
    panels.register(
        Panel(key="payments.withdrawals", title=_l("Withdrawals"), template="payments/_player_withdrawals.html", load=withdrawals, order=30, permission=STATUS),
        Panel(key="payments.lifetime", title=_l("In and out"), template="payments/_player_lifetime.html", load=lifetime, order=40, permission="payments.view"),
        Panel(key="payments.all", title=_l("Payments"), tab="payments", template="payments/_player_payments.html", load=payments, order=10, permission=STATUS),
    )
