"""How players are found: by id, by the front end's id, by name, and by what identifies them; and what other rooms search by through them.

Names and ids are searched by their beginnings, personal values exactly, through their digests. Nothing reads more rows than the window holds.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.scope.models import Jurisdiction
from backoffice.search import registry
from backoffice.search.asking import NotUnderstood, Question, number, numbered
from backoffice.search.registry import COUNT_CAP, PEOPLE, Column, Hit, Operator, Provider, Window
from backoffice.ui.templatetags import ui
from players import panels, phones
from players.folding import folded
from players.models import Device, Instrument, Player, SignIn
from players.services.instruments import looks_like_card_number

INSTRUMENTS = frozenset({"card", "iban"})
PEOPLE_BY = frozenset({"player", "email", "phone", "ip", "device"})
OPERATORS = INSTRUMENTS | PEOPLE_BY
LEAST_OF_AN_ID = 3  # characters from which an external id is searched by its beginning

# Rows by the beginning of a column, in its order and brand by brand, so that the index ends the reading at the cap.
_STARTING = """
SELECT s.id FROM unnest(%s::bigint[]) b (id), LATERAL (
    SELECT t.id FROM {table} t WHERE t.brand_id = b.id AND t.{column} <> '' AND t.{column} LIKE %s ORDER BY t.{column} USING ~<~ LIMIT %s
) s
"""


def starting(rows: QuerySet[Any], column: str, text: str, *, staff: Any, cap: int) -> QuerySet[Any]:
    """`rows` whose `column` begins with a text, at most `cap` of each brand in reach. Needs an index on (brand, column varchar_pattern_ops)."""
    pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    sql = _STARTING.format(table=rows.model._meta.db_table, column=column)
    return rows.filter(pk__in=RawSQL(sql, [sorted(staff.reach()), pattern, cap]))  # noqa: S611 (names of ours; values are parameters)


def named(rows: QuerySet[Player], words: Sequence[str], *, staff: Any, cap: int) -> QuerySet[Player]:
    """`rows` whose names hold every word. Reads what migrations/sql/folded.sql says, and no more."""
    return rows.filter(pk__in=RawSQL("SELECT players_named(%s::bigint[], %s::text[], %s)", [sorted(staff.reach()), list(words), cap]))


# ---- what operators mean, for every room that searches through players


def instruments_of(question: Question) -> QuerySet[Instrument] | None:
    """The instruments that the question names by their last four or their number; None when it names none."""
    if not INSTRUMENTS & question.values.keys():
        return None
    rows = Instrument.objects.filter(brand_id__in=question.staff.reach())
    for value in question.values.get("card", ()):
        rows = rows.filter(kind=Instrument.CARD, last4=value)
    for value in question.values.get("iban", ()):
        rows = rows.filter(kind=Instrument.BANK, last4=value) if len(value) == 4 else rows.filter(Instrument.detail.match(value))  # noqa: PLR2004
    return rows


def players_of(question: Question) -> QuerySet[Player] | None:
    """The players that the question names; None when it names none."""
    if not PEOPLE_BY & question.values.keys():
        return None
    rows: QuerySet[Player] = Player.objects.visible_to(question.staff)
    for value in question.values.get("player", ()):
        rows = _by_player(rows, value, question.staff)
    for value in question.values.get("email", ()):
        rows = rows.filter(Player.email.match(value))
    for value in question.values.get("phone", ()):
        rows = rows.filter(_by_phone(value))
    for value in question.values.get("ip", ()):
        rows = rows.filter(pk__in=SignIn.objects.filter(ip=value).order_by("player_id").values("player_id").distinct()[:COUNT_CAP])
    for value in question.values.get("device", ()):
        rows = rows.filter(pk__in=Device.objects.filter(fingerprint=value).values("player_id")[:COUNT_CAP])
    return rows


def _by_phone(value: str) -> Q:
    """A number written as at home is looked for in every country where the house is licensed."""
    countries = {code[:2] for code in Jurisdiction.objects.values_list("code", flat=True)} if value.startswith("0") else set()
    found = Q(pk=None)
    for spelled in phones.everywhere(value, sorted(countries)):
        found |= Player.phone.match(spelled)
    return found


def _by_player(rows: QuerySet[Player], value: str, staff: Any) -> QuerySet[Player]:
    if (identity := number(value)) is not None:
        return rows.filter(pk=identity)
    if " " not in value and any(character.isdigit() for character in value):
        return starting(rows, "external_id", value, staff=staff, cap=COUNT_CAP)
    return named(rows, value.split(), staff=staff, cap=COUNT_CAP)


# ---- the group of players


def find(question: Question, window: Window) -> Sequence[Hit]:
    rows: QuerySet[Player] = Player.objects.visible_to(question.staff).select_related("brand", "jurisdiction")
    if (chosen := players_of(question)) is not None:
        rows = chosen.select_related("brand", "jurisdiction")
    if (instruments := instruments_of(question)) is not None:
        rows = rows.filter(pk__in=instruments.values("player_id")[:COUNT_CAP])
    if question.words:
        rows = _by_words(rows, question, window)
    return [_hit(player, question) for player in sorted(rows[: window.cap], key=lambda player: _place(player, question))]


def _by_words(rows: QuerySet[Player], question: Question, window: Window) -> QuerySet[Player]:
    first = question.words[0]
    if question.number is not None:
        return rows.filter(pk=question.number)
    if len(question.words) == 1 and any(character.isdigit() for character in first):
        return starting(rows, "external_id", first, staff=question.staff, cap=window.cap) if len(first) >= LEAST_OF_AN_ID else rows.none()
    return named(rows, question.words, staff=question.staff, cap=window.cap)


def _place(player: Player, question: Question) -> tuple[Any, ...]:
    """Those whose names begin as typed come first, then in the order of names."""
    phrase, last, first = folded(question.phrase), folded(player.last_name), folded(player.first_name)
    starts = last.startswith(phrase) or f"{first} {last}".startswith(phrase)
    return (not starts, last, first, player.pk)


def _hit(player: Player, question: Question) -> Hit:
    full = question.number == player.pk or (question.jumps and question.one("player") == str(player.pk))
    return Hit(
        player.name, reverse("players:player", args=[player.pk]), question.why() or _why(player, question), str(player.pk),
        f"#{player.pk}", player.brand.name,
        lambda: (player.brand.name, player.jurisdiction.name, player.get_state_display(), player.external_id, ui.moment(player.registered_at, "date")),
        exact=full, player_id=player.pk, brand_id=player.brand_id,
    )  # fmt: skip


def _why(player: Player, question: Question) -> str:
    if question.number == player.pk:
        return _("its number")
    if player.external_id.startswith(question.phrase):
        return _("the front end's id") if player.external_id == question.phrase else _("the front end's id begins so")
    starts = _place(player, question)[0] is False or folded(player.first_name).startswith(folded(question.phrase))
    return _("name begins so") if starts else _("name")


# ---- how values are read


def email(text: str) -> str:
    if email_shape(text) is None:
        raise NotUnderstood(_("It takes a whole address, such as mia@mail.example."))
    return text.lower()


def email_shape(text: str) -> str | None:
    local, _at, domain = text.partition("@")
    return text if local and "." in domain.strip(".") and " " not in text and not text.startswith('"') and ":" not in local else None


def phone(text: str) -> str:
    digits = "".join(character for character in text if character.isdigit())
    if not 7 <= len(digits) <= 15:  # noqa: PLR2004 (E.164)
        raise NotUnderstood(_("It takes a whole number, such as +35679000000, or as at home: 070-537 30 39."))
    return digits if text.lstrip(" (").startswith("0") else f"+{digits}"


def phone_shape(text: str) -> str | None:
    """With a plus, or with a nought and as long as no number of ours is written."""
    bare = "".join(character for character in text if character not in " -/()")
    digits, least = bare[1:], {"+": 7, "0": 8}.get(bare[:1])
    return text if least is not None and digits.isdigit() and len(digits) >= least else None


def card(text: str) -> str:
    if len(text) != 4 or not text.isdigit():  # noqa: PLR2004
        raise NotUnderstood(_("It takes the last four digits. A whole card number is never searched."))
    return text


def iban(text: str) -> str:
    compact = "".join(text.split()).upper()
    if (len(compact) == 4 and compact.isalnum()) or iban_shape(compact) is not None:  # noqa: PLR2004
        return compact
    raise NotUnderstood(_("It takes a whole IBAN, or its last four."))


def iban_shape(text: str) -> str | None:
    """An IBAN whose check digits are right (ISO 13616)."""
    compact = "".join(text.split()).upper()
    if not (15 <= len(compact) <= 34 and compact.isascii() and compact.isalnum() and compact[:2].isalpha() and compact[2:4].isdigit()):  # noqa: PLR2004
        return None
    digits = "".join(str(int(character, 36)) for character in compact[4:] + compact[:4])
    return compact if int(digits) % 97 == 1 else None


def ip(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise NotUnderstood(_("It takes a whole address, such as 192.0.2.7.")) from None


def ip_shape(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text)) if "." in text or ":" in text else None
    except ValueError:
        return None


def device(text: str) -> str:
    if len(text) < 6:  # noqa: PLR2004
        raise NotUnderstood(_("It takes the whole fingerprint."))
    return text


def player(text: str) -> str:
    value = text.removeprefix("#")
    if not value:
        raise NotUnderstood(_("It takes a number, the front end's id or a name."))
    return value


def without_card_number(text: str) -> str:
    """A card number that somebody pastes is neither searched nor kept: its last four are."""
    if not looks_like_card_number(text):
        return text
    digits = "".join(character for character in text if character.isdigit())
    return f"card:{digits[-4:]}"


def actions(request: HttpRequest, arguments: dict[str, Any], _query: str) -> Iterable[Hit]:
    """On a player's page: its other tabs, and what its header offers. Each opens something; nothing is done by it."""
    staff: Any = request.user
    player = Player.objects.visible_to(staff).filter(pk=arguments["pk"]).first()
    if player is None or not staff.may("players.view"):
        return
    looking, page = panels.Looking(player, staff, request, timezone.now()), reverse("players:player", args=[player.pk])
    for act in panels.acts(looking):
        yield Hit(f"{act.label}: {player.name}", act.url(player), _("opens it"), act.key, icon=act.icon or "flag")
    for tab in panels.tabs(looking):
        yield Hit(f"{tab.label}: {player.name}", f"{page}?tab={tab.key}", _("a tab of the page"), tab.key, icon="cols")


def plug_in() -> None:
    registry.register_actions("players:player", actions)
    see, pays, personal = ("players.view",), ("players.view_instruments",), True
    _l = gettext_lazy
    registry.register_rewrite(without_card_number)
    registry.register(
        Operator(
            name="player", label=_l("a player: number, the front end's id or name"), example="player:10231", why=_l("the player"), permissions=see, jumps=True,
            read=player, shape=numbered("#")["shape"],
        ),
        Operator(
            name="email", label=_l("a whole e-mail address"), example="email:mia@mail.example", why=_l("e-mail address"), permissions=see, personal=personal,
            read=email, shape=email_shape,
        ),
        Operator(
            name="phone", label=_l("a whole phone number"), example="phone:+35679000000", why=_l("phone number"), permissions=see, personal=personal,
            read=phone, shape=phone_shape,
        ),
        Operator(
            name="card", label=_l("a card's last four"), example="card:4242", why=_l("last four of a card"), permissions=pays, personal=personal, read=card,
        ),
        Operator(
            name="iban", label=_l("a bank account: the whole IBAN or its last four"), example="iban:4141", why=_l("bank account"), permissions=pays,
            personal=personal, read=iban, shape=iban_shape,
        ),
        Operator(
            name="ip", label=_l("an address that a player signed in from"), example="ip:192.0.2.7", why=_l("signed in from this address"), permissions=see,
            personal=personal, read=ip, shape=ip_shape,
        ),
        Operator(
            name="device", label=_l("a device's fingerprint"), example="device:f3a9c0d1", why=_l("signed in from this device"), permissions=see,
            personal=personal, read=device,
        ),
        Provider(
            code="players", label=_l("Players"), order=PEOPLE, icon="users", find=find, permissions=see, operators=OPERATORS, words=True,
            columns=(Column(_l("Brand")), Column(_l("Market")), Column(_l("State")), Column(_l("Front end's id")), Column(_l("Since"))),
        ),
    )  # fmt: skip
