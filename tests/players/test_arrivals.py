"""Players from another system: what a row becomes, what is wrong with one, that nobody comes twice, and opening balances by approval."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from backoffice.access import services as access
from backoffice.access.models import Role, Staff
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.models import Event
from backoffice.jobs import runner, services
from backoffice.jobs.imports import asking, work
from backoffice.jobs.imports.declared import imports
from backoffice.jobs.imports.fields import Cell, amounts, moment
from backoffice.jobs.models import Import, Job, RowResult
from backoffice.work.models import Item
from players.models import Address, Arrival, Consent, Player
from players.models.personal import mailbox_digest
from players.places import SUBJECT
from players.services import PlayerRefused
from players.services.registration import register_player
from tests.backoffice.jobs.conftest import finish, folder  # noqa: F401 (a fixture)
from tests.backoffice.jobs.test_imports import confirmed, facts, overdue, problems, table, uploaded
from tests.casino import held, new_player, open_casino
from tests.people import make_person, signed_in
from tests.races import race
from wallet import balances
from wallet.kinds import AccountKind, TransactionKind
from wallet.models import Account, Transaction

CODE = "players.player"
HEADS = "External id,Jurisdiction,First name,Last name,Date of birth,E-mail,Phone,Country,Currency,Registered at"


@pytest.fixture
def casino(db: None, folder: Any, opened: None) -> SimpleNamespace:  # noqa: F811
    nova = open_casino()
    return SimpleNamespace(
        nova=nova, ines=make_person("head-of-payments", brands=[nova], name="Ines Camilleri"),
        dana=make_person("compliance", brands=[nova], name="Dana Fischer"),
    )  # fmt: skip


def row(number: int, **more: str) -> str:
    said = {
        "id": f"old-{number}", "law": "MT", "first": "Mia", "last": "Nowak", "born": "1990-02-11", "email": f"mia{number}@old.example",
        "phone": f"+35679{number:06}", "country": "PL", "currency": "EUR", "registered": "2019-05-31T10:00:00Z", **more,
    }  # fmt: skip
    return ",".join(said.values())


def csv(*rows: str, heads: str = "") -> bytes:
    return "\n".join([HEADS + (f",{heads}" if heads else ""), *rows, ""]).encode()


def dry(by: Staff, content: bytes, *, key: str = "k", decimal: str = "") -> Job:
    job = uploaded(by, content, code=CODE, key=key, name="players.csv")
    columns = Import.objects.get(job=job).columns
    job = asking.map_columns(job_id=job.pk, version=job.version, columns=columns, decimal=decimal, by=by, now=timezone.now())
    return finish(job)


def results(job: Job) -> list[tuple[str, str]]:
    return list(RowResult.objects.filter(job=job).order_by("line").values_list("outcome", "words"))


# ---- a row that is right


def test_a_row_becomes_a_player_as_registration_keeps_one(casino: SimpleNamespace) -> None:
    full = (
        row(1, email="M.ia+x@Gmail.com") + ",suspended,sv,Main street 1,VLT 1234,Valletta,,yes 2020-01-02T03:04:05Z,no,2019-06-01,"
        "web form,v3,\"vip, old\",legacy"
    )  # fmt: skip
    heads = (
        "State,Language,Street and number,Postal code,Town,Region,Consent to e-mail,Consent to SMS,Consents said at,Source of the consents,"
        "Words of the consents,Tags,Source"
    )
    job = dry(casino.dana, csv(full, heads=heads))
    assert (job.state, problems(job), Player.objects.count()) == ("checked", [], 0)
    job = finish(confirmed(job, casino.dana))
    player = Player.objects.get()
    assert results(job) == [("done", f"Player #{player.pk} made.")]
    assert (player.external_id, player.state, player.registered_at) == ("old-1", "suspended", datetime(2019, 5, 31, 10, tzinfo=UTC))
    assert (player.email, player.phone, player.language, player.country) == ("M.ia+x@Gmail.com", "+35679000001", "sv", "PL")
    assert ("Gmail" in player.email_cipher, player.mailbox_digest == mailbox_digest("mia@gmail.com")) == (False, True)
    assert Player.objects.get(Player.email.match("m.ia+x@gmail.com")) == player
    assert Address.objects.get().parts == {"street": "Main street 1", "postal_code": "VLT 1234", "city": "Valletta", "region": ""}
    assert list(Consent.objects.order_by("channel").values_list("channel", "given", "at", "source", "text_version", "reason")) == [
        ("email", True, datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC), "web form", "v3", "Imported from legacy"),
        ("sms", False, datetime(2019, 6, 1, tzinfo=UTC), "web form", "", "Imported from legacy"),
    ]
    assert Item.objects.get(subject_type=SUBJECT, subject_id=player.pk).tags == ["old", "vip"]
    fact = Event.objects.get(type="player.imported")
    said = json.loads(fact.after)
    assert (fact.player_id, fact.actor_id, said["source"], said["id_there"], said["registered_at"]) == (
        player.pk, casino.dana.pk, "legacy", "old-1", "2019-05-31T10:00:00+00:00",
    )  # fmt: skip
    assert ("Gmail" in fact.after, "Nowak" in fact.after, Event.objects.filter(type="player.registered").count()) == (False, False, 0)
    page = signed_in(casino.dana).get(reverse("players:player", args=[player.pk]) + "?tab=timeline").text
    assert "Imported from legacy as old-1, registered there on 31 May 2019" in page


def test_a_second_import_of_the_same_row_changes_nothing_and_says_so(casino: SimpleNamespace) -> None:
    finish(confirmed(dry(casino.dana, csv(row(1), row(2))), casino.dana))
    one, two = Player.objects.order_by("pk")
    before = (Event.objects.filter(type__startswith="player.").count(), Player.objects.order_by("pk").values())
    again = dry(casino.dana, csv(row(1), row(2, last="Kowalska"), row(3)), key="b")
    assert Import.objects.get(job=again).tally == {"here": "2"}
    assert "Here already, will not be changed" in signed_in(casino.dana).get(reverse("jobs:job", args=[again.pk])).text
    again = finish(confirmed(again, casino.dana))
    three = Player.objects.latest("pk")
    assert results(again) == [
        ("done", f"Here already as player #{one.pk}; nothing was changed."),
        ("done", f"Here already as player #{two.pk}; the row says something else than then, and nothing was changed."),
        ("done", f"Player #{three.pk} made."),
    ]
    assert (Player.objects.count(), Player.objects.get(pk=two.pk).last_name) == (3, "Nowak")
    assert Event.objects.filter(type__startswith="player.").count() == before[0] + 1


def test_two_sources_may_use_the_same_id_and_the_front_end_has_its_own(casino: SimpleNamespace) -> None:
    first = dry(casino.dana, csv(row(1) + ",alpha,web-1", heads="Source,Front end's id"))
    finish(confirmed(first, casino.dana))
    second = dry(casino.dana, csv(row(1, email="o@old.example") + ",beta,web-1", heads="Source,Front end's id"), key="b")
    assert problems(second) == [(2, "Front end's id", f"Player #{Player.objects.get().pk} of the brand has this id at the front end.")]
    third = dry(casino.dana, csv(row(1, email="o@old.example") + ",beta,web-2", heads="Source,Front end's id"), key="c")
    finish(confirmed(third, casino.dana))
    assert list(Arrival.objects.order_by("player_id").values_list("source", "external_id", "player__external_id")) == [
        ("alpha", "old-1", "web-1"), ("beta", "old-1", "web-2"),
    ]  # fmt: skip


def test_the_front_end_that_registers_an_imported_player_gets_that_player(casino: SimpleNamespace) -> None:
    from backoffice.audit.actors import Actor

    finish(confirmed(dry(casino.dana, csv(row(1))), casino.dana))
    player = Player.objects.get()
    known = register_player(
        brand=casino.nova, jurisdiction="MT", external_id="old-1", first_name="Mia", last_name="Nowak", birth_date=player.birth_date, country="PL",
        currency="EUR", email="MIA1@old.example", by=Actor.system("t"), now=timezone.now(),
    )  # fmt: skip
    assert known == player


# ---- rows that are wrong


def test_every_wrong_row_is_named_with_what_to_do_and_the_others_go(casino: SimpleNamespace) -> None:
    here = new_player(casino.nova)
    heads = "Consent to e-mail,Words of the consents,Tags,State"
    content = csv(
        row(1, country="XY") + ",,,,", row(2, born="2015-01-01") + ",,,,", row(3, email=here.email.upper()) + ",,,,", row(4, born="31/12/1990") + ",,,,",
        row(5, law="SE") + ",,,,", row(6, currency="XXX") + ",,,,", row(7, email="nobody") + ",,,,", row(8, registered="2199-01-01") + ",,,,",
        row(9, phone="079") + ",,,,", row(10) + ",yes,,,", row(11) + f",,,{'x' * 41},", row(12) + ",,,,asleep", row(13, born="1850-01-01") + ",,,,",
        row(14, email="mia1@old.example") + ",,,,", row(1, email="z@old.example") + ",,,,", row(15, first="M1a") + ",,,,", row(16) + ",maybe,,,",
        row(17) + ",,,,",
        heads=heads,
    )  # fmt: skip
    job = dry(casino.dana, content)
    found = {line: (column, what) for line, column, what in problems(job)}
    assert found == {
        2: ("Country", "There is no such country."),
        3: found[3],
        4: ("E-mail", f"Player #{here.pk} of the brand has this e-mail address."), 5: ("Date of birth", "It is no day."),
        6: ("Jurisdiction", "Nova is not licensed there."), 7: ("Currency", "The currency is not set up here."),
        8: ("E-mail", "It takes a whole address, such as mia@mail.example."), 9: ("Registered at", "It lies in the future."),
        10: ("Phone", "It takes a whole number with its country, such as +35679000000."),
        11: ("Words of the consents", "A yes needs the words that the player agreed to."), 12: ("Tags", "A tag has 1 to 40 characters."),
        13: ("State", "It is none of the words that are known."), 14: ("Date of birth", "Nobody was born that day and plays."),
        15: ("E-mail", "The same stands in line 2."), 16: ("External id", "The same stands in line 2."),
        17: ("First name", "A name has no digits and no control characters. Write it as it stands on the document."),
        18: ("Consent to e-mail", "It is none of the words that are known."),
    }  # fmt: skip
    assert found[3][0] == "Date of birth"
    assert found[3][1].startswith("Players are at least 18 years old there (")
    job = finish(confirmed(job, casino.dana))
    assert list(Player.objects.exclude(pk=here.pk).values_list("external_id", flat=True)) == ["old-17"]
    mend = table(job, "problems")
    assert mend[1][-1] == "Country: There is no such country. Write the two letters of ISO 3166, such as MT."


def test_what_became_wrong_after_the_dry_run_is_refused_and_leaves_nothing_of_the_row(casino: SimpleNamespace) -> None:
    job = dry(casino.dana, csv(row(1), row(2)))
    other = new_player(casino.nova)
    other.email = "mia1@old.example"
    other.save()
    job = finish(confirmed(job, casino.dana))
    assert [outcome for outcome, _words in results(job)] == ["refused", "done"]
    assert results(job)[0][1].startswith(f"Player #{other.pk} of the brand has this e-mail address.")
    assert (Player.objects.count(), Arrival.objects.count(), Event.objects.filter(type="player.imported").count()) == (2, 1, 1)


def test_a_kill_in_the_middle_brings_nobody_twice(casino: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "LOADED_ROWS", 2)
    job = confirmed(dry(casino.dana, csv(*(row(number) for number in range(1, 6)))), casino.dana)
    kept, calls = RowResult.objects.create, iter(range(100))

    def dies_at_the_fourth(**values: Any) -> Any:
        if next(calls) == 3:
            raise SystemExit
        return kept(**values)

    monkeypatch.setattr(RowResult.objects, "create", dies_at_the_fourth)
    with pytest.raises(SystemExit):
        runner.run(job.pk)
    assert (Player.objects.count(), Job.objects.get().done) == (3, 3)
    overdue(job)
    assert (finish(job).state, Player.objects.count(), Arrival.objects.count()) == ("done", 5, 5)


# ---- opening balances


def test_opening_balances_wait_for_somebody_else_and_are_posted_from_the_account_for_migration(casino: SimpleNamespace) -> None:
    content = csv(row(1) + ",120.50", row(2) + ",EUR 10; SEK 7.25", row(3) + ",0", row(4) + ",", heads="Opening balances")
    job = dry(casino.ines, content, decimal=".")
    assert Import.objects.get(job=job).tally == {"opening:EUR": "130.50", "opening:SEK": "7.25"}
    page = signed_in(casino.ines).get(reverse("jobs:job", args=[job.pk])).text
    assert ("130.50\u00a0EUR" in page, "7.25\u00a0SEK" in page, "somebody else always approves first" in page) == (True, True, True)
    job = confirmed(job, casino.ines)
    assert (job.state, job.needed, runner.run(job.pk), Player.objects.count()) == ("awaiting_approval", 1, "not due", 0)
    with pytest.raises(NotAllowed):
        services.decide(job_id=job.pk, version=job.version, verdict="approved", reason="", by=casino.ines, now=timezone.now())
    assert "130.50\u00a0EUR" in signed_in(casino.dana).get(reverse("jobs:job", args=[job.pk])).text
    services.decide(job_id=job.pk, version=job.version, verdict="approved", reason="", by=casino.dana, now=timezone.now())
    job = finish(job)
    one, two, three, four = Player.objects.order_by("pk")
    assert [words for _outcome, words in results(job)] == [
        f"Player #{one.pk} made. 120.50\u00a0EUR", f"Player #{two.pk} made. 10.00\u00a0EUR, 7.25\u00a0SEK", f"Player #{three.pk} made.",
        f"Player #{four.pk} made.",
    ]  # fmt: skip
    assert [held(player)["cash"] for player in (one, two, three, four)] == [Decimal("120.50"), Decimal(10), Decimal(0), Decimal(0)]
    assert held(two, "SEK")["cash"] == Decimal("7.25")
    house = Account.objects.filter(kind=AccountKind.MIGRATION, counterparty="migration").order_by("currency__code")
    assert list(balances.of_accounts([account.pk for account in house]).values()) == [Decimal("-130.50"), Decimal("-7.25")]
    assert set(Transaction.objects.values_list("kind", flat=True)) == {TransactionKind.IMPORTED}
    assert Event.objects.filter(type="wallet.balance_imported", actor_id=casino.ines.pk).count() == 3

    again = dry(casino.ines, content, key="b", decimal=".")
    assert Import.objects.get(job=again).tally == {"here": "4"}
    again = confirmed(again, casino.ines)
    services.decide(job_id=again.pk, version=again.version, verdict="approved", reason="", by=casino.dana, now=timezone.now())
    finish(again)
    assert (Transaction.objects.count(), held(one)["cash"]) == (3, Decimal("120.50"))


def test_wrong_balances_are_named(casino: SimpleNamespace) -> None:
    content = csv(
        *(f"{row(number)},{said}" for number, said in enumerate(("1.234", "EUR -5", "XXX 1", "EUR 1; EUR 2", "much", "JPY 1.5", "1e5"), 1)),
        heads="Opening balances",
    )  # fmt: skip
    job = dry(casino.ines, content, decimal=".")
    assert [(line, what) for line, _column, what in problems(job)] == [
        (2, "EUR has at most 2 decimals."), (3, "EUR is below zero."), (4, "XXX is not set up here."), (5, "EUR stands there twice."),
        (6, "It is no amount with a currency."), (7, "JPY has at most 0 decimals."), (8, "It is no amount with a currency."),
    ]  # fmt: skip
    assert Import.objects.get(job=job).tally == {}


def test_who_may_not_bring_money_has_no_such_column_and_loses_it_with_the_right(casino: SimpleNamespace) -> None:
    content = csv(row(1) + ",120.50", heads="Opening balances")
    job = uploaded(casino.dana, content, code=CODE)
    columns = Import.objects.get(job=job).columns
    assert "balances" not in columns
    assert "Opening balances</label>" not in signed_in(casino.dana).get(reverse("jobs:import-columns", args=[job.pk])).text
    with pytest.raises(asking.Invalid):
        asking.map_columns(job_id=job.pk, version=1, columns={**columns, "balances": 10}, decimal=".", by=casino.dana, now=timezone.now())

    job = confirmed(dry(casino.ines, content, key="b", decimal="."), casino.ines)
    services.decide(job_id=job.pk, version=job.version, verdict="approved", reason="", by=casino.dana, now=timezone.now())
    access.revoke_role(staff=casino.ines, role=Role.objects.get(code="head-of-payments"), by=None, now=timezone.now())
    access.grant_role(staff=casino.ines, role=Role.objects.get(code="compliance"), by=None, now=timezone.now())
    job = finish(job)
    assert (job.state, job.outcome, Player.objects.count()) == ("failed", "Rights of who asked for it no longer cover it.", 0)


def test_who_may_not_import_players_is_refused(casino: SimpleNamespace) -> None:
    fraud = make_person("fraud", brands=[casino.nova])
    with pytest.raises(NotAllowed):
        uploaded(fraud, csv(row(1)), code=CODE)
    assert signed_in(fraud).get(reverse("jobs:import", args=[CODE])).status_code == 403
    assert (Job.objects.count(), Player.objects.count()) == (0, 0)


def test_a_policy_of_nobody_does_not_let_money_go_alone(casino: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    asked = services.rule(asking.KIND)
    monkeypatch.setattr(services, "rule", lambda _kind, fresh=False: replace(asked, needed=0))
    job = confirmed(dry(casino.ines, csv(row(1) + ",5", heads="Opening balances"), decimal="."), casino.ines)
    assert (job.state, job.needed) == ("awaiting_approval", 1)
    assert facts(job)[-1] == "import.confirmed"


# ---- at once


def test_two_imports_of_one_player_at_the_same_moment_make_one(committed_db: None) -> None:
    from players.arrivals import services as arrivals
    from players.arrivals.kind import arriving

    nova = open_casino()
    dana = make_person("compliance", brands=[nova])
    values = {field.key: None for field in imports.get(CODE).fields} | {
        "external_id": "old-1", "jurisdiction": "MT", "first_name": "Mia", "last_name": "Nowak", "birth_date": datetime(1990, 2, 11, tzinfo=UTC).date(),
        "email": "mia@old.example", "country": "PL", "currency": "EUR", "registered_at": datetime(2019, 5, 31, tzinfo=UTC),
    }  # fmt: skip

    def bring() -> Any:
        return arrivals.bring_in(brand=nova, arriving=arriving(values), by=dana, now=timezone.now())

    answers = race(*[bring] * 6)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert (sorted(one.new for one in answers), len({one.player.pk for one in answers})) == ([False] * 5 + [True], 1)
    assert (Player.objects.count(), Arrival.objects.count(), Event.objects.filter(type="player.imported").count()) == (1, 1, 1)
    with pytest.raises(PlayerRefused, match="e-mail"):
        arrivals.bring_in(brand=nova, arriving=arriving({**values, "external_id": "old-2"}), by=dana, now=timezone.now())
    assert (Player.objects.count(), connection.in_atomic_block) == (1, False)


@pytest.mark.parametrize(
    ("text", "sign", "read"),
    [
        ("120.50", ".", [("", "120.50")]), ("EUR 1,250.50; 15 sek", ".", [("EUR", "1250.50"), ("SEK", "15")]), ("1.250,50 EUR", ",", [("EUR", "1250.50")]),
        ("EUR120", ".", [("EUR", "120")]), ("1 250,5", ",", [("", "1250.5")]), ("-3 EUR;", ".", [("EUR", "-3")]),
    ],
)  # fmt: skip
def test_amounts_are_read_with_their_currency(text: str, sign: str, read: list[tuple[str, str]]) -> None:
    assert amounts().read(Cell(text), sign) == [(code, Decimal(amount)) for code, amount in read]


def test_a_moment_without_a_zone_is_utc() -> None:
    assert moment().read(Cell("2024-05-31"), ".") == datetime(2024, 5, 31, tzinfo=UTC)
    assert moment().read(Cell("2024-05-31T10:00:00+02:00"), ".") == datetime(2024, 5, 31, 8, tzinfo=UTC)
