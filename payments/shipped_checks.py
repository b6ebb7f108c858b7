"""The checks that money in motion can make by itself."""

from datetime import datetime, timedelta

from django.utils.timezone import localtime
from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

from backoffice.work.checks import FAIL, PASS, UNKNOWN, WARN, Money, Result
from payments.checks import Case, Check, register

HOLDER_SAME, HOLDER_CLOSE = 90.0, 75.0  # token set ratio, 0 to 100
VELOCITY_WARNING = {"24 h": 3, "7 d": 7, "30 d": 20}  # withdrawals in the window, this one included
FRESH_INSTRUMENT = timedelta(hours=72)


def _times(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def account_status(case: Case) -> Result:
    state = case.player.state
    words = {"active": "Account is active", "suspended": "Account is suspended", "closed": "Account is closed"}
    return Result(
        "ACC-01",
        PASS if state == "active" else FAIL,
        words[state],
        (f"since {case.player.registered_at:%d %b %Y}",) if state == "active" else (),
    )


def holder(case: Case) -> Result:
    """Names of the instrument's holder and the player, compared without order, case and punctuation."""
    name = case.withdrawal.instrument.holder_name
    if not name:
        return Result("PAY-01", UNKNOWN, "Holder of the instrument is not known", ("no name from the provider",))
    score = fuzz.token_set_ratio(name, case.player.name, processor=default_process)
    evidence = (f"{name}, {score / 100:.2f}",)
    if score >= HOLDER_SAME:
        return Result("PAY-01", PASS, "Instrument holder matches the player", evidence)
    if score >= HOLDER_CLOSE:
        return Result("PAY-01", WARN, "Instrument holder nearly matches the player", evidence)
    return Result("PAY-01", FAIL, "Instrument holder is another name", evidence, detail=f"The player is {case.player.name}")


def used_before(case: Case) -> Result:
    used = case.deposits.get(case.withdrawal.instrument_id)
    if used:
        return Result(
            "PAY-02",
            PASS,
            "Instrument was used for deposits",
            (_times(used.count, "time,", "times,"), Money(used.total, case.withdrawal.currency)),
        )
    if not case.deposits:
        return Result("PAY-02", WARN, "The player has never deposited in this currency")
    return Result("PAY-02", WARN, "Instrument was never used for a deposit", (f"{len(case.deposits)} others were",))


def _when(at: datetime) -> str:
    """In the time zone of who reads it, which it names."""
    return f"{localtime(at):%d %b %H:%M %Z}"


def turnover(case: Case) -> Result:
    """Deposits played through at least once. Until play is recorded here, nobody knows."""
    last = max((row.last for row in case.deposits.values() if row.last), default=None)
    return Result(
        "AML-01",
        UNKNOWN,
        "Turnover since the last deposit",
        ("play is not recorded yet",),
        detail=f"Last deposit {_when(last)}" if last else "",
    )


def first_withdrawal(case: Case) -> Result:
    paid = [other for other in case.earlier if other.state == "settled"]
    if paid:
        return Result("PAY-03", PASS, "Was paid before", (_times(len(paid), "time", "times"),))
    return Result("PAY-03", WARN, "First withdrawal", (f"{len(case.earlier)} earlier requests, none paid" if case.earlier else "none before",))


def velocity(case: Case) -> Result:
    over = [name for name, most in VELOCITY_WARNING.items() if case.velocity[name].count > most]
    # One figure for the window that stands out, all three in the detail.
    shown = over[0] if over else "24 h"
    sums = case.velocity
    detail = ", ".join(f"{name}: {sums[name].count}" for name in VELOCITY_WARNING)
    evidence = (f"{sums[shown].count} in {shown},", Money(sums[shown].amount, case.withdrawal.currency))
    if over:
        return Result("PAY-04", WARN, f"Many withdrawals in {over[0]}", evidence, detail=f"Withdrawals requested, {detail}")
    return Result("PAY-04", PASS, "Withdrawals are not frequent", evidence, detail=f"Withdrawals requested, {detail}")


def device_and_country(case: Case) -> Result:
    """A device or a country that was not there at the withdrawal before."""
    if not case.sign_ins:
        return Result("DEV-01", UNKNOWN, "Device and country", ("no sign-in was reported",))
    since = case.earlier[0].requested_at if case.earlier else None
    recent = [sign_in for sign_in in case.sign_ins if since is None or sign_in.at > since]
    before = [sign_in for sign_in in case.sign_ins if since is not None and sign_in.at <= since]
    if since is None or not before:
        first = case.sign_ins[-1]
        return Result(
            "DEV-01",
            PASS,
            "No earlier withdrawal to compare with",
            (_times(len({s.device_id for s in case.sign_ins}), "device,", "devices,"), f"{first.country or 'country unknown'}"),
        )
    known_devices = {sign_in.device_id for sign_in in before}
    known_countries = {sign_in.country for sign_in in before if sign_in.country}
    new_devices = [s for s in recent if s.device_id not in known_devices and s.device_id is not None]
    new_countries = sorted({s.country for s in recent if s.country and s.country not in known_countries})
    if new_devices and new_countries:
        state, title = FAIL, "New device and new country since the last withdrawal"
    elif new_devices:
        state, title = WARN, "New device since the last withdrawal"
    elif new_countries:
        state, title = WARN, "New country since the last withdrawal"
    else:
        return Result(
            "DEV-01",
            PASS,
            "Known device and country",
            (_times(len(known_devices), "device,", "devices,"), ", ".join(sorted(known_countries)) or "country unknown"),
        )
    device = new_devices[0].device if new_devices else None
    detail = f"{device.label}, first seen {_when(device.first_seen_at)}" if device else ""
    return Result(
        "DEV-01", state, title, tuple([", ".join(new_countries)] if new_countries else [_times(len(new_devices), "sign-in", "sign-ins")]), detail=detail
    )


def instrument_changed(case: Case) -> Result:
    changed = case.withdrawal.instrument.changed_at
    age = case.withdrawal.requested_at - changed
    if age < FRESH_INSTRUMENT:
        hours = max(0, int(age.total_seconds() // 3600))
        return Result("PAY-05", WARN, "Instrument was added or changed less than 72 h before", (f"{hours} h before,", changed))
    return Result("PAY-05", PASS, "Instrument is not new", ("since", changed))


def chargebacks(case: Case) -> Result:
    found = sum(row.charged_back for row in case.deposits.values())
    if found:
        return Result("PAY-06", FAIL, "Open chargeback", (_times(found, "deposit charged back", "deposits charged back"),))
    return Result("PAY-06", PASS, "No open chargeback")


def last_attempt(case: Case) -> Result:
    if case.withdrawal.attempt and case.withdrawal.failure:
        return Result("PAY-07", WARN, "The last payout attempt failed", (f"attempt {case.withdrawal.attempt}",), detail=case.withdrawal.failure)
    return Result("PAY-07", PASS, "No failed payout attempt")


def register_shipped() -> None:
    register(
        Check("ACC-01", account_status), Check("PAY-01", holder), Check("PAY-02", used_before), Check("AML-01", turnover),
        Check("PAY-03", first_withdrawal), Check("PAY-04", velocity), Check("DEV-01", device_and_country), Check("PAY-05", instrument_changed),
        Check("PAY-06", chargebacks), Check("PAY-07", last_attempt),
    )  # fmt: skip
