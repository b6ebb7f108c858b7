"""Players from another system as a kind of import: what a row says, what is wrong with it and what to do, what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access.models import Staff
from backoffice.audit import vault
from backoffice.jobs.imports.declared import ImportKind, Problem, Refused, Scope, Values
from backoffice.jobs.imports.fields import Cell, Field, Type, Wrong, choice, day, moment, text
from backoffice.scope import packs
from backoffice.scope.models import Brand, Jurisdiction
from backoffice.ui import numbers, words
from backoffice.work import items
from players import countries, guards
from players.arrivals import parts, services
from players.arrivals.services import SOURCE, Arriving
from players.contact import CHANNELS
from players.models import Arrival, Player
from players.models.personal import spelled_email
from players.models.profile import PARTS
from players.profile import values as profile
from players.profile.values import LABELS
from players.services import PlayerRefused
from players.services.registration import age_on

IMPORT = "players.import"
STATES = {state: words.lazy(state) for state in ("active", "suspended", "closed")}
HERE = "here"  # of the sums of a dry run: how many are here already
_l = gettext_lazy


@dataclass(frozen=True)
class Loaded:
    """What rows speak of."""

    brand: Brand
    laws: Mapping[str, Jurisdiction]
    arrived: Mapping[tuple[str, str], Arrival]
    by_front_end: Mapping[str, int]
    by_email: Mapping[str, int]
    now: datetime


def load(rows: Sequence[Values], scope: Scope) -> Loaded:
    """Four queries, whatever the number of rows."""
    brand = scope.brand
    assert brand is not None  # noqa: S101 (the kind asks for it)
    laws = {law.code: law for law in brand.jurisdictions.all()}
    arrivals = Arrival.objects.filter(brand=brand, external_id__in=[row["external_id"] for row in rows])
    ids = {row["front_end_id"] or row["external_id"] for row in rows}
    digests = {digest for row in rows if row["email"] for digest in vault.digests(spelled_email(row["email"]), purpose="player.email")}
    here = Player.objects.filter(brand=brand)
    return Loaded(
        brand, laws, {(one.source, one.external_id): one for one in arrivals}, dict(here.filter(external_id__in=ids).values_list("external_id", "pk")),
        dict(here.filter(email_digest__in=digests).values_list("email_digest", "pk")) if digests else {}, timezone.now(),
    )  # fmt: skip


def _known(values: Values, loaded: Loaded) -> Arrival | None:
    return loaded.arrived.get((values["source"] or SOURCE, values["external_id"]))


def check(values: Values, loaded: Loaded) -> Iterable[Problem]:
    if _known(values, loaded) is not None:
        return  # it is not made again, so nothing can be wrong with it
    law = loaded.laws.get(values["jurisdiction"].upper())
    if law is None:
        how = _("Use one of: %(codes)s.") % {"codes": ", ".join(sorted(loaded.laws))}
        yield Problem("jurisdiction", _("%(brand)s is not licensed there.") % {"brand": loaded.brand.name}, how)
    yield from _birth_date(values["birth_date"], law, loaded)
    yield from _profile(values, loaded)
    if values["country"].upper() not in countries.CODES:
        yield Problem("country", _("There is no such country."), _("Write the two letters of ISO 3166, such as MT."))
    yield from _taken(values, loaded)
    if values["registered_at"] > loaded.now:
        yield Problem("registered_at", _("It lies in the future."), _("Write when the player registered there."))
    yield from _guarded(values, loaded)
    yield from _consents(values, loaded)
    for tag in _tags(values):
        try:
            items.clean_tag(tag)
        except items.NotPossible as why:
            yield Problem("tags", str(why), _("Shorten it."))
    if len(_tags(values)) > items.MOST_TAGS:
        yield Problem("tags", _("These are %(n)s tags.") % {"n": len(_tags(values))}, _("At most %(n)s fit.") % {"n": items.MOST_TAGS})
    for part in parts.every():
        yield from part.check(values)


def _birth_date(born: date, law: Jurisdiction | None, loaded: Loaded) -> Iterable[Problem]:
    age = age_on(born, loaded.now.astimezone(loaded.brand.zone).date())
    if not 0 <= age <= profile.OLDEST:
        yield Problem("birth_date", _("Nobody was born that day and plays."), _("Look at the year."))
        return
    if law is None:
        return
    least = packs.number(law.pk, "registration.minimum_age", on=loaded.now.date())
    if age < least.value:
        what = _("Players are at least %(years)s years old there (%(clause)s).") % {"years": least.value, "clause": least.citation}
        yield Problem("birth_date", what, _("Look at the date. If it is right, leave the row out."))


def _profile(values: Values, loaded: Loaded) -> Iterable[Problem]:
    """By the readers that a profile is edited with."""
    nobody = Player(brand=loaded.brand)
    for name in ("first_name", "last_name", "phone", "language", *PARTS):
        if values[name] is not None:
            try:
                profile.READERS[name](nobody, " ".join(values[name].split()), loaded.now)
            except PlayerRefused as wrong:
                yield Problem(name, str(wrong), "")


def _taken(values: Values, loaded: Loaded) -> Iterable[Problem]:
    front_end = values["front_end_id"] or values["external_id"]
    if front_end in loaded.by_front_end:
        what = _("Player #%(number)s of the brand has this id at the front end.") % {"number": loaded.by_front_end[front_end]}
        yield Problem("front_end_id" if values["front_end_id"] else "external_id", what, _("Say the front end's own id in its column, or leave the row out."))
    if values["email"] is None:
        return
    try:
        profile.email(values["email"])
    except PlayerRefused as wrong:
        yield Problem("email", str(wrong), "")
        return
    other = next((loaded.by_email[one] for one in vault.digests(spelled_email(values["email"]), purpose="player.email") if one in loaded.by_email), None)
    if other is not None:
        what = _("Player #%(number)s of the brand has this e-mail address.") % {"number": other}
        yield Problem("email", what, _("Look whether both are one person; then leave the row out, or its e-mail empty."))


def _guarded(values: Values, loaded: Loaded) -> Iterable[Problem]:
    asked = guards.Registration(loaded.brand, values["jurisdiction"].upper(), values["country"].upper(), values["currency"].upper())
    for guard in guards.registration:
        try:
            guard(asked)
        except PlayerRefused as refused:
            field = refused.code.removesuffix("_unknown")
            words_ = {"currency": (_("The currency is not set up here."), _("Write its code, such as EUR, or have it set up first."))}
            what, how = words_.get(field, (str(refused), ""))
            yield Problem(field if field in words_ else "", what, how)


def _consents(values: Values, loaded: Loaded) -> Iterable[Problem]:
    said = [(channel, values[f"consent_{channel}"]) for channel in CHANNELS if values[f"consent_{channel}"] is not None]
    if any(given for _channel, (given, _at) in said) and not values["consent_words"]:
        yield Problem("consent_words", _("A yes needs the words that the player agreed to."), _("Write which version of the words it was."))
    for channel, (_given, at) in said:
        if (at or values["consent_at"] or values["registered_at"]) > loaded.now:
            yield Problem(f"consent_{channel}", _("It lies in the future."), _("Write when the player said so."))


def _tags(values: Values) -> list[str]:
    return [tag.strip() for tag in (values["tags"] or "").split(",") if tag.strip()]


def arriving(values: Values) -> Arriving:
    """A row as the service takes it."""

    def line(name: str) -> str:
        return " ".join((values[name] or "").split())

    consents = tuple(
        (channel, said[0], said[1] or values["consent_at"] or values["registered_at"]) for channel in CHANNELS if (said := values[f"consent_{channel}"])
    )
    return Arriving(
        source=values["source"] or SOURCE, external_id=values["external_id"], front_end_id=values["front_end_id"] or values["external_id"],
        jurisdiction=values["jurisdiction"].upper(), first_name=line("first_name"), last_name=line("last_name"), birth_date=values["birth_date"],
        country=values["country"].upper(), language=values["language"] or "en", currency=values["currency"].upper(), email=values["email"] or "",
        phone=values["phone"] or "", home={part: line(part) for part in PARTS}, state=values["state"] or "active", registered_at=values["registered_at"],
        consents=consents, consent_source=values["consent_source"] or values["source"] or SOURCE, consent_words=values["consent_words"] or "",
        tags=tuple(_tags(values)), more={field.key: str(values[field.key]) for part in parts.every() for field in part.fields if values[field.key]},
    )  # fmt: skip


def commit(values: Values, loaded: Loaded, *, by: Staff, now: datetime, key: str) -> str:
    number: dict[str, Any]
    try:
        done = services.bring_in(brand=loaded.brand, arriving=arriving(values), by=by, now=now)
        number = {"number": f"#{done.player.pk}"}
        if not done.new:
            if done.same:
                return _("Here already as player %(number)s; nothing was changed.") % number
            return _("Here already as player %(number)s; the row says something else than then, and nothing was changed.") % number
        brought = [said for part in parts.every() if (said := part.bring(done.player, values, by=by, now=now))]
    except PlayerRefused as refused:
        raise Refused(_why(refused)) from refused
    return " ".join([_("Player %(number)s made.") % number, *brought])


def _why(refused: PlayerRefused) -> str:
    return {
        "email_taken": _("Another player of the brand has this e-mail address."),
        "external_id_taken": _("Another player of the brand has this id at the front end."),
    }.get(refused.code, str(refused))


def tally(values: Values, loaded: Loaded) -> Mapping[str, Decimal]:
    if _known(values, loaded) is not None:
        return {HERE: Decimal(1)}
    sums: dict[str, Decimal] = {}
    for part in parts.every():
        sums |= part.tally(values)
    return sums


def tally_words(key: str, total: Decimal) -> tuple[str, str]:
    if key == HERE:
        return _("Here already, will not be changed"), numbers.whole(int(total))
    return next((said for part in parts.every() if (said := part.tally_words(key, total))), (key, str(total)))


_SAID = re.compile(r"(?P<word>\S+)(?:\s+(?P<at>.+))?")


def said() -> Type:
    """Yes or no, and after a space when it was said, where that is known for this channel alone."""
    word = choice({"yes": _l("yes"), "no": _l("no")})
    when = moment()

    def read(cell: Cell, sign: str) -> tuple[bool, datetime | None]:
        match = _SAID.fullmatch(cell.text.strip())
        if match is None:
            raise Wrong(_("It is neither yes nor no."), _("Write yes or no, and after a space the moment if you have it."))
        at = when.read(Cell(match["at"].strip()), sign) if match["at"] else None
        return word.read(Cell(match["word"]), sign) == "yes", at

    return Type(_l("Yes or no"), read)


def kind() -> ImportKind:
    """With what other rooms registered until now."""
    more = parts.every()

    def profile_field(name: str, longest: int, *aliases: str, required: bool = False) -> Field:
        return Field(key=name, label=LABELS[name], type=text(longest), required=required, aliases=aliases)

    own = (
        Field(
            key="external_id", label=_l("External id"), type=text(80), required=True, help=_l("The other system's own id. One of it is one player, for ever."),
            aliases=("customer id", "player id", "user id", "id"),
        ),
        Field(key="source", label=_l("Source"), type=text(40), help=_l("Which system it is. Empty means “migration”."), aliases=("system",)),
        Field(
            key="front_end_id", label=_l("Front end's id"), type=text(80), help=_l("The casino front end's own id, where it is not the external id"),
            aliases=("front end id",),
        ),
        Field(key="jurisdiction", label=_l("Jurisdiction"), type=text(8), required=True, help=_l("Such as MT, SE, GB"), aliases=("licence", "market")),
        profile_field("first_name", 80, "given name", "firstname", required=True), profile_field("last_name", 80, "surname", "family name", required=True),
        Field(key="birth_date", label=LABELS["birth_date"], type=day(), required=True, aliases=("birthday", "birth date", "dob")),
        profile_field("email", 254, "e-mail", "mail"), profile_field("phone", 25, "mobile", "telephone"),
        profile_field("country", 8, "country code", required=True), profile_field("language", 8, "locale"),
        Field(key="currency", label=_l("Currency"), type=text(10), required=True, help=_l("That the player chose, such as EUR")),
        profile_field("street", 160, "address"), profile_field("postal_code", 16, "zip", "postcode"), profile_field("city", 80, "town"),
        profile_field("region", 80, "state or province"),
        Field(
            key="registered_at", label=_l("Registered at"), type=moment(), required=True, help=_l("Kept as the day on which the player registered there"),
            aliases=("registered", "registration date", "created at"),
        ),
        Field(key="state", label=_l("State"), type=choice(STATES), help=_l("active, suspended or closed; empty means active"), aliases=("status",)),
        *(
            Field(key=f"consent_{channel}", label=label, type=said(), help=_l("Marketing: yes or no; a moment of its own may follow after a space"))
            for channel, label in (
                ("email", _l("Consent to e-mail")), ("sms", _l("Consent to SMS")), ("phone", _l("Consent to calls")), ("post", _l("Consent to post")),
                ("push", _l("Consent to push")),
            )
        ),
        Field(key="consent_at", label=_l("Consents said at"), type=moment(), help=_l("Empty means at registration")),
        Field(key="consent_source", label=_l("Source of the consents"), type=text(60), help=_l("Where they were said; empty means the source")),
        Field(key="consent_words", label=_l("Words of the consents"), type=text(60), help=_l("Which version of the words; needed for a yes")),
        Field(key="tags", label=_l("Tags"), type=text(400), help=_l("One, or several parted by commas"), aliases=("tag",)),
    )  # fmt: skip
    return ImportKind(
        code="players.player", title=_l("Players from another system"),
        about=_l("Makes a player of each row, as if they had registered on that day. One who is here already is not changed."),
        permission=IMPORT, of_brand=True, load=load, check=check, commit=commit, tally=tally, tally_words=tally_words, most_rows=100_000,
        once=(("source", "external_id"), ("email",), ("front_end_id",)), fields=own + tuple(field for part in more for field in part.fields),
    )  # fmt: skip
