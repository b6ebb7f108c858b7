"""What will become of a payment, settled when it is taken: the statuses that follow at once and those that follow later."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from . import behaviour as behaviours
from .behaviour import Behaviour

FIRST = {"deposit": "pending", "payout": "accepted", "refund": "accepted"}

NEXT = {
    ("deposit", "pending"): {"authorised", "failed", "expired"},
    ("deposit", "authorised"): {"captured", "failed", "expired"},
    ("deposit", "captured"): {"reversed", "charged_back"},
    ("deposit", "charged_back"): {"captured"},  # the charge-back is won
    ("payout", "accepted"): {"sent", "failed"},
    ("payout", "sent"): {"paid"},
    ("payout", "paid"): {"returned"},
    ("refund", "accepted"): {"paid", "failed"},
}

# kind and new status: the money that moves with it
MOVEMENTS = {
    ("deposit", "captured"): "captured",
    ("deposit", "reversed"): "reversed",
    ("deposit", "charged_back"): "charged_back",
    ("payout", "paid"): "paid_out",
    ("payout", "returned"): "returned",
    ("refund", "paid"): "refunded",
}
WON = "charge_back_won"

Step = tuple[str, int]  # a status and the microseconds to wait before it


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """`at_once` happens before the answer, `later` by itself unless `held`."""

    at_once: tuple[str, ...] = ()
    later: tuple[Step, ...] = ()
    held: bool = False


def make(*, kind: str, method: str, token: str, reference: str, behaviour: Behaviour, seed: str, at_once: bool = False) -> Plan:
    """The plan for a payment that has been taken. `at_once`: what is authorised is captured in the same moment."""
    word = behaviours.magic(token) or behaviours.outcome(behaviour, seed=seed, reference=reference)
    step, long = micros(behaviour.step_delay), micros(behaviour.return_delay)
    if kind == "refund":
        return Plan(later=(("failed" if word == "fail" else "paid", step),))
    if kind == "payout":
        if word == "fail":
            return Plan(later=(("failed", step),))
        returned = word == "return" or behaviours.hits(behaviour.return_rate, seed=seed, about=f"return:{reference}")
        later = (("sent", step), ("paid", step), *((("returned", long),) if returned else ()))
        return Plan(later=later, held=word == "hold")
    if word == "fail":
        return Plan(at_once=("failed",)) if method == "card" else Plan(later=(("failed", step),))
    if word == "expire":
        return Plan(later=(("expired", step),))
    then = word or behaviours.afterwards(behaviour, seed=seed, reference=reference).removesuffix("_rate")
    after: tuple[Step, ...] = {"reverse": (("reversed", long),), "charge_back": (("charged_back", long),)}.get(then, ())
    if word == "redirect":  # waits for the player, see Engine.visit
        return Plan(later=(("authorised", 0), ("captured", 0 if at_once else step), *after), held=True)
    if word == "captured":
        return Plan(at_once=("authorised", "captured"))
    if at_once and method == "card" and word != "hold":
        return Plan(at_once=("authorised", "captured"), later=after)
    if method == "card":
        return Plan(at_once=("authorised",), later=(("captured", step), *after), held=word == "hold")
    return Plan(later=(("authorised", step), ("captured", 0 if at_once else step), *after), held=word == "hold")


def micros(seconds: Decimal) -> int:
    """Whole microseconds."""
    return int(seconds * 1_000_000)
