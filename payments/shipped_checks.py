"""The checks that money in motion can make by itself."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

from backoffice.ui import numbers, times
from backoffice.work.checks import FAIL, PASS, UNKNOWN, WARN, Money, Result
from payments.checks import Case, Check, register
from payments.closed_loop import Strategy
from payments.providers import registry
from payments.providers.breaker import BreakerState
from payments.selectors import sources as sources_of
from players import along
from players.blocks import BLOCKS, WITHDRAWAL, sources

HOLDER_SAME, HOLDER_CLOSE = 90.0, 75.0  # token set ratio, 0 to 100
VELOCITY_WARNING = {"24 h": 3, "7 d": 7, "30 d": 20}  # withdrawals in the window, this one included
_WINDOWS = {"24 h": gettext_lazy("24 h"), "7 d": gettext_lazy("7 d"), "30 d": gettext_lazy("30 d")}
FRESH_INSTRUMENT = timedelta(hours=72)


def account_status(case: Case) -> Result:
    state = case.player.state
    words = {
        "active": _("Account is active"),
        "suspended": _("Account is suspended"),
        "closed": _("Account is closed"),
        "dormant": _("Account is dormant"),
        "merged": _("Account is merged into another one"),
    }
    return Result(
        "ACC-01",
        PASS if state == "active" else FAIL,
        words[state],
        (_("since %(day)s") % {"day": times.write(case.player.registered_at, "date")},) if state == "active" else (),
    )


def blocks(case: Case) -> Result:
    """What is blocked for the player now. A withdrawal that was asked for before a block still waits for a person."""
    found = along.of(case.player, BLOCKS, now=case.now)
    if not found:
        return Result("ACC-02", PASS, _("Nothing is blocked"))
    named = tuple(dict.fromkeys(str(one.get_kind_display()) for one in found))
    mine = next((one for one in found if one.kind == WITHDRAWAL), None)
    shown = mine or found[0]
    detail = sources.reason(shown.source, shown.reason)
    if shown.ends_at:
        detail = _("%(reason)s, until %(when)s") % {"reason": detail, "when": _when(shown.ends_at)}
    title = _("Withdrawals are blocked") if mine else _("Something else is blocked")
    return Result("ACC-02", FAIL if mine else WARN, title, (", ".join(named),), detail=detail)


def holder(case: Case) -> Result:
    """Names of the instrument's holder and the player, compared without order, case and punctuation."""
    name = case.withdrawal.instrument.holder_name
    if not name:
        return Result("PAY-01", UNKNOWN, _("Holder of the instrument is not known"), (_("no name from the provider"),))
    score = fuzz.token_set_ratio(name, case.player.name, processor=default_process)
    evidence = (f"{name}, {numbers.decimal(score / 100, places=2)}",)
    if score >= HOLDER_SAME:
        return Result("PAY-01", PASS, _("Instrument holder matches the player"), evidence)
    if score >= HOLDER_CLOSE:
        return Result("PAY-01", WARN, _("Instrument holder nearly matches the player"), evidence)
    return Result("PAY-01", FAIL, _("Instrument holder is another name"), evidence, detail=_("The player is %(name)s") % {"name": case.player.name})


def used_before(case: Case) -> Result:
    used = case.deposits.get(case.withdrawal.instrument_id)
    if used:
        return Result(
            "PAY-02",
            PASS,
            _("Instrument was used for deposits"),
            (ngettext("%(n)s time,", "%(n)s times,", used.count) % {"n": numbers.whole(used.count)}, Money(used.total, case.withdrawal.currency)),
        )
    if not case.deposits:
        return Result("PAY-02", WARN, _("The player has never deposited in this currency"))
    others = len(case.deposits)
    return Result("PAY-02", WARN, _("Instrument was never used for a deposit"), (ngettext("%(n)s other was", "%(n)s others were", others) % {"n": others},))


def _when(at: datetime) -> str:
    """In the time zone of who reads it, which it names."""
    return f"{times.write(at)} {times.zone(at)}"


def turnover(case: Case) -> Result:
    """Deposits played through at least once. Until play is recorded here, nobody knows."""
    last = max((row.last for row in case.deposits.values() if row.last), default=None)
    return Result(
        "AML-01",
        UNKNOWN,
        _("Turnover since the last deposit"),
        (_("play is not recorded yet"),),
        detail=_("Last deposit %(when)s") % {"when": _when(last)} if last else "",
    )


def first_withdrawal(case: Case) -> Result:
    paid = [other for other in case.earlier if other.state == "settled"]
    if paid:
        return Result("PAY-03", PASS, _("Was paid before"), (ngettext("%(n)s time", "%(n)s times", len(paid)) % {"n": numbers.whole(len(paid))},))
    asked = len(case.earlier)
    before = (
        ngettext("%(n)s earlier request, none paid", "%(n)s earlier requests, none paid", asked) % {"n": numbers.whole(asked)} if asked else _("none before")
    )
    return Result("PAY-03", WARN, _("First withdrawal"), (before,))


def velocity(case: Case) -> Result:
    over = [name for name, most in VELOCITY_WARNING.items() if case.velocity[name].count > most]
    # One figure for the window that stands out, all three in the detail.
    shown = over[0] if over else "24 h"
    sums = case.velocity
    every = ", ".join(f"{_WINDOWS[name]}: {numbers.whole(sums[name].count)}" for name in VELOCITY_WARNING)
    detail = _("Withdrawals requested, %(windows)s") % {"windows": every}
    evidence = (
        _("%(n)s in %(window)s,") % {"n": numbers.whole(sums[shown].count), "window": _WINDOWS[shown]},
        Money(sums[shown].amount, case.withdrawal.currency),
    )
    if over:
        return Result("PAY-04", WARN, _("Many withdrawals in %(window)s") % {"window": _WINDOWS[over[0]]}, evidence, detail=detail)
    return Result("PAY-04", PASS, _("Withdrawals are not frequent"), evidence, detail=detail)


def _devices(count: int) -> str:
    return ngettext("%(n)s device,", "%(n)s devices,", count) % {"n": numbers.whole(count)}


def device_and_country(case: Case) -> Result:
    """A device or a country that was not there at the withdrawal before."""
    if not case.sign_ins:
        return Result("DEV-01", UNKNOWN, _("Device and country"), (_("no sign-in was reported"),))
    since = case.earlier[0].requested_at if case.earlier else None
    recent = [sign_in for sign_in in case.sign_ins if since is None or sign_in.at > since]
    before = [sign_in for sign_in in case.sign_ins if since is not None and sign_in.at <= since]
    if since is None or not before:
        first = case.sign_ins[-1]
        return Result(
            "DEV-01",
            PASS,
            _("No earlier withdrawal to compare with"),
            (_devices(len({s.device_id for s in case.sign_ins})), first.country or _("country unknown")),
        )
    known_devices = {sign_in.device_id for sign_in in before}
    known_countries = {sign_in.country for sign_in in before if sign_in.country}
    new_devices = [s for s in recent if s.device_id not in known_devices and s.device_id is not None]
    new_countries = sorted({s.country for s in recent if s.country and s.country not in known_countries})
    if new_devices and new_countries:
        state, title = FAIL, _("New device and new country since the last withdrawal")
    elif new_devices:
        state, title = WARN, _("New device since the last withdrawal")
    elif new_countries:
        state, title = WARN, _("New country since the last withdrawal")
    else:
        return Result(
            "DEV-01",
            PASS,
            _("Known device and country"),
            (_devices(len(known_devices)), ", ".join(sorted(known_countries)) or _("country unknown")),
        )
    device = new_devices[0].device if new_devices else None
    detail = _("%(device)s, first seen %(when)s") % {"device": device.label, "when": _when(device.first_seen_at)} if device else ""
    sign_ins = ngettext("%(n)s sign-in", "%(n)s sign-ins", len(new_devices)) % {"n": numbers.whole(len(new_devices))}
    return Result("DEV-01", state, title, (", ".join(new_countries) if new_countries else sign_ins,), detail=detail)


def instrument_changed(case: Case) -> Result:
    changed = case.withdrawal.instrument.changed_at
    age = case.withdrawal.requested_at - changed
    if age < FRESH_INSTRUMENT:
        hours = max(0, int(age.total_seconds() // 3600))
        return Result("PAY-05", WARN, _("Instrument was added or changed less than 72 h before"), (_("%(n)s h before,") % {"n": hours}, changed))
    return Result("PAY-05", PASS, _("Instrument is not new"), (pgettext("followed by a date", "since"), changed))


def chargebacks(case: Case) -> Result:
    found = sum(row.charged_back for row in case.deposits.values())
    if found:
        return Result(
            "PAY-06", FAIL, _("Open chargeback"), (ngettext("%(n)s deposit charged back", "%(n)s deposits charged back", found) % {"n": numbers.whole(found)},)
        )
    return Result("PAY-06", PASS, _("No open chargeback"))


def last_attempt(case: Case) -> Result:
    if case.withdrawal.attempt and case.withdrawal.failure:
        return Result(
            "PAY-07", WARN, _("The last payout attempt failed"), (_("attempt %(n)s") % {"n": case.withdrawal.attempt},), detail=case.withdrawal.failure
        )
    return Result("PAY-07", PASS, _("No failed payout attempt"))


def closed_loop(case: Case) -> Result:
    """What paid in is paid back first. More than one line means that the payout would have to be divided."""
    found = sources_of.plan(case)
    if found is None or found.strategy is Strategy.NONE:
        return Result("PAY-08", UNKNOWN, _("Return to source"), (_("the market has no rule"),))
    elsewhere = [line for line in found.lines if line.instrument_id != case.withdrawal.instrument_id]
    if not elsewhere:
        return Result("PAY-08", PASS, _("It goes back to where money came from, or nothing has to"), (str(case.withdrawal.instrument),), detail=found.citation)
    evidence = (elsewhere[0].label, Money(elsewhere[0].amount, case.withdrawal.currency))
    return Result("PAY-08", WARN, _("Other methods would have to be paid back first"), evidence, detail=found.citation)


def provider_health(case: Case) -> Result:
    """Whether the provider would take it now, as its circuits stand."""
    name = case.withdrawal.provider.capitalize()
    try:
        circuits = [one for one in registry.get(case.withdrawal.provider).health() if one.key.endswith((":payout", ":ask"))]
    except (registry.UnknownProvider, registry.BadProviderSettings):
        return Result("PAY-09", UNKNOWN, _("Provider is not connected here"), (name,))
    broken = [one for one in circuits if one.state is not BreakerState.CLOSED]
    if broken:
        failed = _("%(failures)s of %(calls)s calls failed") % {"failures": numbers.whole(broken[0].failures), "calls": numbers.whole(broken[0].calls)}
        return Result("PAY-09", WARN, _("Provider fails now: the payout would wait"), (name,), detail=failed)
    calls, failures = sum(one.calls for one in circuits), sum(one.failures for one in circuits)
    words = _("%(failures)s of %(calls)s calls failed lately") % {"failures": numbers.whole(failures), "calls": numbers.whole(calls)}
    return Result("PAY-09", PASS, _("Provider answers"), (name,), detail=words)


def register_shipped() -> None:
    register(
        Check("ACC-01", account_status), Check("ACC-02", blocks), Check("PAY-01", holder), Check("PAY-02", used_before), Check("AML-01", turnover),
        Check("PAY-03", first_withdrawal), Check("PAY-04", velocity), Check("DEV-01", device_and_country), Check("PAY-05", instrument_changed),
        Check("PAY-06", chargebacks), Check("PAY-07", last_attempt), Check("PAY-08", closed_loop), Check("PAY-09", provider_health),
    )  # fmt: skip
