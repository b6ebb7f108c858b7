"""What a segment can ask of a player. Every room registers its facts from `AppConfig.ready()`; docs/segments.md shows how.

A fact brings the form fields that ask for it, the words of what was asked, and SQL. A condition is a set-based expression over `p` (players_player)
and, where one number a player comes from other tables, over a subquery that is asked player by player, after everything that p alone can tell.
Parameters are named after the fact, so that many stand in one statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.scope.models import Brand

Text = str | Promise
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """For which brand and as of when. Days are those of the brand's clock."""

    brand: Brand
    now: datetime

    @property
    def today(self) -> date:
        return self.now.astimezone(self.brand.zone).date()


@dataclass
class Query:
    """What the conditions of a segment become: joins, expressions that all have to hold, parameters, and what cannot be judged."""

    asked: Asked
    joins: list[str] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Fact:
    """Something that is known about players. `key` starts the names of its form fields and stays as it is: stored conditions are named so."""

    key: str
    label: Text
    order: int = field(default=50, kw_only=True)

    def fields(self) -> dict[str, forms.Field]:
        """The form fields that ask for it, each optional; an empty one asks for nothing."""
        raise NotImplementedError

    def wrong(self, values: Values) -> list[str]:
        """What is wrong with an answer beyond its single fields, in words."""
        return []

    def words(self, values: Values) -> list[str]:
        """What was asked, one line for each part."""
        raise NotImplementedError

    def ask(self, values: Values, query: Query) -> None:
        """Add what was asked to the query."""
        raise NotImplementedError


class CodesField(forms.CharField):
    """Several short codes, written with commas or spaces: `MT, SE`. Its value is a sorted list without doubles."""

    def __init__(self, *, pattern: str, example: str, upper: bool = True, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=400, help_text=_("Such as %(example)s") % {"example": example}, **kwargs)
        self._pattern, self._upper = re.compile(pattern), upper

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        codes = sorted({code.upper() if self._upper else code.lower() for code in re.split(r"[,;\s]+", text) if code})
        for code in codes:
            if not self._pattern.fullmatch(code):
                raise forms.ValidationError(_("%(code)s is not written as it should be.") % {"code": code})
        return codes


@dataclass(frozen=True)
class OneOf(Fact):
    """A column of players that has one of some values. `choices` are offered as boxes; without them codes are typed."""

    column: str  # SQL over p
    choices: Callable[[], Sequence[tuple[str, Text]]] | None = field(default=None, kw_only=True)
    pattern: str = field(default=r"[A-Z]{2}", kw_only=True)
    example: str = field(default="MT, SE", kw_only=True)
    upper: bool = field(default=True, kw_only=True)

    def fields(self) -> dict[str, forms.Field]:
        made: dict[str, forms.Field] = {}
        for name, label in ((f"{self.key}_is", gettext_lazy("is one of")), (f"{self.key}_not", gettext_lazy("is none of"))):
            made[name] = (
                forms.MultipleChoiceField(label=label, required=False, choices=self.choices, widget=forms.CheckboxSelectMultiple)
                if self.choices
                else CodesField(label=label, pattern=self.pattern, example=self.example, upper=self.upper)
            )
        return made

    def wrong(self, values: Values) -> list[str]:
        both = set(values.get(f"{self.key}_is") or ()) & set(values.get(f"{self.key}_not") or ())
        return [_("%(fact)s: %(both)s is asked for and ruled out.") % {"fact": self.label, "both": ", ".join(sorted(both))}] if both else []

    def words(self, values: Values) -> list[str]:
        labels = {str(key): str(label) for key, label in (self.choices() if self.choices else ())}
        found = []
        for part, sentence in (("is", _("%(fact)s is %(values)s")), ("not", _("%(fact)s is not %(values)s"))):
            chosen = values.get(f"{self.key}_{part}")
            if chosen:
                join = _(" or ") if part == "is" else _(" nor ")
                found.append(sentence % {"fact": self.label, "values": join.join(labels.get(one, one) for one in chosen)})
        return found

    def ask(self, values: Values, query: Query) -> None:
        for part, word in (("is", "= ANY"), ("not", "<> ALL")):
            chosen = values.get(f"{self.key}_{part}")
            if chosen:
                query.holds.append(f"{self.column} {word}(%({self.key}_{part})s::text[])")
                query.params[f"{self.key}_{part}"] = list(chosen)


@dataclass(frozen=True)
class Count(Fact):
    """A whole number of each player within bounds: years, days, how many.

    `value` is SQL over p; with `source` a number comes from other tables: SQL of one aggregate called value over the rows of p.id, by an index of theirs, in
    which %(today)s is the brand's day, %(now)s the moment and %(KEY_days)s the width of the window where the fact has one. A player without a row counts
    as `otherwise`; None is neither much nor little, and such a player meets no bound.
    """

    value: str = ""
    source: str = field(default="", kw_only=True)
    windowed: bool = field(default=False, kw_only=True)
    otherwise: int | None = field(default=None, kw_only=True)
    unit: Text = field(default="", kw_only=True)

    def fields(self) -> dict[str, forms.Field]:
        made: dict[str, forms.Field] = {
            f"{self.key}_least": self.number(label=gettext_lazy("at least")), f"{self.key}_most": self.number(label=gettext_lazy("at most")),
        }  # fmt: skip
        if self.windowed:
            made[f"{self.key}_days"] = forms.IntegerField(
                label=gettext_lazy("in the last … days"), required=False, min_value=1, max_value=3_650,
                help_text=gettext_lazy("Today is one of them. Empty: ever."),
            )  # fmt: skip
        return made

    def number(self, label: Any) -> forms.Field:
        return forms.IntegerField(label=label, required=False, min_value=0, max_value=1_000_000_000, help_text=self.unit)  # type: ignore[arg-type]

    def bound(self, values: Values, part: str) -> Decimal | None:
        text = values.get(f"{self.key}_{part}")
        return None if text in (None, "") else Decimal(str(text))

    def wrong(self, values: Values) -> list[str]:
        least, most = self.bound(values, "least"), self.bound(values, "most")
        if least is not None and most is not None and least > most:
            return [_("%(fact)s: nobody is at least %(least)s and at most %(most)s.") % {"fact": self.label, "least": least, "most": most}]
        if least is None and most is None and values.get(f"{self.key}_days"):
            return [_("%(fact)s: say at least or at most how much, or leave the days empty.") % {"fact": self.label}]
        return []

    def words(self, values: Values) -> list[str]:
        least, most = self.bound(values, "least"), self.bound(values, "most")
        if least is None and most is None:
            return []
        bounds = [
            *([_("at least %(value)s") % {"value": self.amount(least, values)}] if least is not None else []),
            *([_("at most %(value)s") % {"value": self.amount(most, values)}] if most is not None else []),
        ]
        window = _(" in the last %(days)s days") % {"days": values[f"{self.key}_days"]} if values.get(f"{self.key}_days") else ""
        return [f"{self.label}: {_(' and ').join(bounds)}{window}"]

    def amount(self, value: Decimal, values: Values) -> str:
        return f"{value} {self.unit}".strip()

    def read(self, values: Values, query: Query) -> str:
        """The source, with its parameters in the query."""
        if self.windowed:
            query.params[f"{self.key}_days"] = values.get(f"{self.key}_days") or 36_500
        return self.source

    def ask(self, values: Values, query: Query) -> None:
        bounds = [(part, sign, self.bound(values, part)) for part, sign in (("least", ">="), ("most", "<="))]
        if all(bound is None for _part, _sign, bound in bounds):
            return
        value = self.value
        if self.source:
            # An aggregate beside each player cannot be turned round: joined as a set, the planner read a month of everybody's days for every chunk.
            query.joins.append(f"LEFT JOIN LATERAL ({self.read(values, query)}) {self.key} ON true")
            value = f"{self.key}.value" if self.otherwise is None else f"coalesce({self.key}.value, {self.otherwise})"
        for part, sign, bound in bounds:
            if bound is not None:
                query.holds.append(f"{value} {sign} %({self.key}_{part})s")
                query.params[f"{self.key}_{part}"] = bound


@dataclass(frozen=True)
class Amount(Count):
    """An amount of each player within bounds, in a currency that whoever asks chooses.

    The source joins `rate (currency, rate)`, which brings every currency into that one by its latest rate. What has no rate is left out, and said.
    """

    currencies: Callable[[], Sequence[str]] = field(default=lambda: (), kw_only=True)
    rates: Callable[[str], Mapping[str, Decimal]] = field(default=lambda _currency: {}, kw_only=True)

    def fields(self) -> dict[str, forms.Field]:
        made = super().fields()
        made[f"{self.key}_currency"] = forms.ChoiceField(
            label=gettext_lazy("counted in"), required=False, choices=lambda: [("", "–"), *((code, code) for code in self.currencies())]
        )
        return made

    def number(self, label: Any) -> forms.Field:
        return forms.DecimalField(label=label, required=False, max_digits=20, decimal_places=8)

    def wrong(self, values: Values) -> list[str]:
        asked = any(self.bound(values, part) is not None for part in ("least", "most"))
        if asked and not values.get(f"{self.key}_currency"):
            return [*super().wrong(values), _("%(fact)s: choose the currency that it is counted in.") % {"fact": self.label}]
        return super().wrong(values)

    def amount(self, value: Decimal, values: Values) -> str:
        return f"{value} {values.get(f'{self.key}_currency', '')}"

    def read(self, values: Values, query: Query) -> str:
        currency = values[f"{self.key}_currency"]
        rates = {**self.rates(currency), currency: Decimal(1)}
        query.params |= {f"{self.key}_codes": list(rates), f"{self.key}_rates": list(rates.values())}
        without = sorted(set(self.currencies()) - set(rates))
        if without:
            query.notes.append(
                _("%(fact)s: there is no rate into %(currency)s for %(codes)s; amounts in these are left out.")
                % {"fact": self.label, "currency": currency, "codes": ", ".join(without)}
            )
        rate = f"(SELECT * FROM unnest(%({self.key}_codes)s::text[], %({self.key}_rates)s::numeric[]) r (currency, rate))"
        return super().read(values, query).replace("{rate}", rate)


@dataclass(frozen=True)
class Tags(Fact):
    """Tags that staff put on a thing of the kit's."""

    column: str  # SQL over p, an array of text

    def fields(self) -> dict[str, forms.Field]:
        pattern, example = r"[\w .-]{1,40}", "vip, call-back"
        return {
            f"{self.key}_any": CodesField(label=gettext_lazy("has one of"), pattern=pattern, example=example, upper=False),
            f"{self.key}_none": CodesField(label=gettext_lazy("has none of"), pattern=pattern, example=example, upper=False),
        }

    def words(self, values: Values) -> list[str]:
        found = []
        for part, sentence in (("any", _("has a tag of %(tags)s")), ("none", _("has no tag of %(tags)s"))):
            if values.get(f"{self.key}_{part}"):
                found.append(sentence % {"tags": ", ".join(values[f"{self.key}_{part}"])})
        return found

    def ask(self, values: Values, query: Query) -> None:
        for part, word in (("any", ""), ("none", "NOT ")):
            if values.get(f"{self.key}_{part}"):
                query.holds.append(f"{word}coalesce({self.column}::text[] && %({self.key}_{part})s::text[], false)")
                query.params[f"{self.key}_{part}"] = list(values[f"{self.key}_{part}"])


_facts: dict[str, Fact] = {}


def register(*facts: Fact) -> None:
    for fact in facts:
        _facts[fact.key] = fact


def every() -> list[Fact]:
    return sorted(_facts.values(), key=lambda fact: (fact.order, fact.key))


def named(names: Iterable[str]) -> dict[str, Fact]:
    """The fact of each condition. A name that no fact knows any more is left out; the caller says so."""
    return {name: fact for fact in every() for name in fact.fields() if name in set(names)}
