"""What is found, by whom, and why: ids, names, operators, permissions, brands."""

import pytest
from django.urls import reverse

from backoffice.audit.models import Event
from tests.backoffice.search.conftest import IBAN, OTHER_IBAN
from tests.people import make_person, signed_in


def test_a_full_id_opens_its_page_at_once(house, ana):
    client = signed_in(ana)
    for text in (house.open.name, house.open.name.lower(), f"wd:{house.open.pk}"):
        assert client.get("/search", {"q": text})["Location"] == reverse("payments:withdrawal", args=[house.open.pk])


def test_a_bare_number_finds_everything_that_has_it_and_opens_nothing(house, ana, find):
    found = find(ana, str(house.mia.pk))
    assert found["players"] == [f"#{house.mia.pk}"]


def test_a_deposit_is_shown_with_its_state_and_a_posting_leads_to_its_withdrawal(house, ana, find):
    from wallet.models import Transaction

    assert signed_in(ana).get("/search", {"q": house.deposit.name})["Location"] == reverse("payments:deposit", args=[house.deposit.pk])
    posting = Transaction.objects.get(key=f"{house.open.hold.key}:held")
    response = signed_in(ana).get("/search", {"q": f"TX-{posting.pk}"})
    assert response.status_code in {200, 302}
    assert find(ana, f"tx:{posting.pk}") == {"postings": [f"TX-{posting.pk}"]} if response.status_code == 200 else response["Location"]


def test_our_reference_and_the_providers_id_find_the_deposit_also_when_cut_off(house, ana, find):
    for text in (house.deposit.reference, house.deposit.reference[:-3], f"tx:{house.deposit.provider_id}", house.deposit.provider_id):
        assert find(ana, text)["deposits"] == [house.deposit.name], text


@pytest.mark.parametrize("text", ["mia", "MIA", "Mi", "kowal", "mia kowal", "kowalska mia", "ko", "owals", "mi owalsk"])
def test_names_are_found_by_their_beginnings_and_by_their_parts(house, ana, find, text):
    assert sorted(find(ana, text)["players"]) == sorted([f"#{house.mia.pk}", f"#{house.late.player_id}"])


@pytest.mark.parametrize("text", ["owalskis", "%", "_ia", "ia", "mia kowalska mia x", "ext-"])
def test_names_that_nobody_has_are_not_found(house, ana, find, text):
    assert "players" not in find(ana, text)


@pytest.mark.parametrize("text", ["jörg müßöl", "jorg mussol", "JORG", "MÜSSÖL", "mussol", "ussol", "müßöl jör"])
def test_names_are_found_with_and_without_their_accents(house, ana, find, text):
    house.mia.first_name, house.mia.last_name = "Jörg", "Müßöl"
    house.mia.save()
    assert find(ana, text)["players"] == [f"#{house.mia.pk}"]


def test_letters_that_are_no_accents_are_found_as_people_write_them(house, ana, find):
    house.mia.first_name, house.mia.last_name = "Søren", "Łukaszæ"
    house.mia.save()
    for text in ("soren", "Søren", "lukaszae", "łukasz", "soren luk"):
        assert find(ana, text)["players"] == [f"#{house.mia.pk}"], text


@pytest.mark.parametrize(
    "text", ["+46 70 537 30 39", "0705373039", "070-537 30 39", "(070) 537 3039", "phone:0705373039", "phone:0046705373039", "+46 (0)70-537 30 39"]
)
def test_a_phone_number_is_found_as_people_write_it(house, ana, find, text):
    house.mia.phone = "+46 705373039"
    house.mia.save()
    assert find(ana, text)["players"] == [f"#{house.mia.pk}"]


@pytest.mark.parametrize("text", ["0705373038", "phone:12345678901", "0.00140000"])
def test_a_number_of_nobody_finds_nobody(house, ana, find, text):
    house.mia.phone = "+46 705373039"
    house.mia.save()
    assert "players" not in find(ana, text)


def test_the_middle_word_of_a_name_and_signs_of_patterns_are_words_like_others(house, ana, find):
    house.mia.last_name = "de la Cruz 100%"
    house.mia.save()
    for text in ("cruz", "la cruz", "100%"):
        assert find(ana, text if text != "100%" else 'player:"cruz 100%"')["players"] == [f"#{house.mia.pk}"], text


def test_the_front_ends_id_is_found_by_how_it_begins(house, ana, find):
    assert find(ana, house.mia.external_id)["players"] == [f"#{house.mia.pk}"]
    assert find(ana, f"player:{house.mia.external_id}")["players"] == [f"#{house.mia.pk}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("card:4242", {"players": ["mia"], "deposits": ["deposit"]}),
        ("iban:001s", {"players": ["mia"], "withdrawals": ["open"]}),
        (f"iban:{IBAN}", {"players": ["mia"], "withdrawals": ["open"]}),
        (IBAN, {"players": ["mia"], "withdrawals": ["open"]}),
        (f"iban:{OTHER_IBAN}", {}),
        ("card:9999", {}),
        ("is:late", {"withdrawals": ["late"]}),
        ("is:open", {"withdrawals": ["late", "open"]}),
        ("card:4242 is:open", {}),
        ("iban:001S is:open", {"withdrawals": ["open"]}),
        ("iban:001S is:late", {}),
        ("card:4242 iban:001S", {}),  # no instrument is both
        ("ip:192.0.2.7 is:late", {"withdrawals": ["late"]}),
        ("ip:192.0.2.8", {}),
    ],
)
def test_operators_narrow_and_combine(house, ana, find, text, expected):
    names = {"mia": f"#{house.mia.pk}", "deposit": house.deposit.name, "open": house.open.name, "late": house.late.name}
    found = {code: sorted(ids) for code, ids in find(ana, text).items()}
    assert found == {code: sorted(names[one] for one in ids) for code, ids in expected.items()}


def test_personal_values_are_found_with_and_without_their_operator(house, ana, find):
    fingerprint = house.mia.devices.get().fingerprint
    for text in (house.mia.email, f"email:{house.mia.email.upper()}", f"device:{fingerprint}"):
        assert find(ana, text) == {"players": [f"#{house.mia.pk}"], "withdrawals": [house.open.name], "deposits": [house.deposit.name]}, text
    assert find(ana, "email:nobody@mail.example") == {}
    assert signed_in(ana).get("/search", {"q": f"player:{house.mia.pk}"})["Location"] == reverse("players:player", args=[house.mia.pk])


def test_every_result_says_why(house, ana):
    client = signed_in(ana)
    for text, why in [("card:4242", "last four of a card"), ("kowal", "name begins so"), ("owals", "name"), (house.deposit.provider_id, "the provider's id")]:
        page = client.get("/search", {"q": text})
        assert {str(hit.why) for hit in page.context["found"]} == {why}, text
        assert f'data-label="Matched by">{why.replace(chr(39), "&#x27;")}</td>' in page.content.decode()


def test_another_brand_is_not_found_by_anything(house, ana, auditor, find):
    other = house.elsewhere
    for text in (other.name, f"player:{other.player_id}", other.player.email, other.player.external_id, other.player.last_name, str(other.pk)):
        ids = {one for group in find(ana, text).values() for one in group}
        assert not {other.name, f"#{other.player_id}"} & ids, text
    assert find(auditor, other.player.email)["withdrawals"] == [other.name]
    assert sorted(find(auditor, "card:4242")["players"]) == sorted([f"#{house.mia.pk}", f"#{other.player_id}"])


def test_support_sees_the_state_of_a_payment_and_neither_its_instrument_nor_its_page(house, support):
    page = signed_in(support).get("/search", {"q": house.open.name})
    text = page.content.decode()

    assert page.status_code == 200
    [group] = page.context["found"].groups
    assert [str(column.label) for column in group.columns] == ["State", "Amount", "Brand", "Requested"]
    assert "Requested</span>" in text
    assert "001S" not in text
    assert reverse("payments:withdrawal", args=[house.open.pk]) not in text


def test_who_may_not_see_instruments_cannot_search_by_them(house, support):
    for text in ("card:4242", f"iban:{IBAN}", IBAN):
        page = signed_in(support).get("/search", {"q": text})
        assert page.context["found"].groups == []
        assert "Searching by it is not part of your roles." in page.content.decode()
    assert not Event.objects.filter(type="search.personal").exists()


def test_each_role_gets_its_groups_and_no_others(house, ana, support, auditor):
    def codes(person, text):
        return [group.provider.code for group in signed_in(person).get("/search", {"q": text}).context["found"].groups]

    assert codes(ana, str(house.open.pk))[-1] in {"withdrawals", "postings", "deposits", "changes"}
    assert "postings" not in codes(support, str(house.open.pk))
    assert codes(auditor, "otto") == ["staff"]
    assert codes(support, "otto") == []
    assert codes(make_person(), "mia") == []


def test_an_operator_that_does_not_exist_is_said_so_and_those_that_exist_are_listed(house, ana):
    page = signed_in(ana).get("/search", {"q": "colour:red mia"})
    text = page.content.decode()

    assert page.context["found"].groups == []
    assert "There is no operator colour:." in text
    assert [one.name for one in page.context["operators"]] == ["card", "ch", "device", "dp", "email", "iban", "ip", "is", "phone", "player", "tx", "wd"]
    assert all(f"<code>{one.name}:</code>" in text for one in page.context["operators"])


@pytest.mark.parametrize("text", ["wd:abc", "card:42", "card:42x2", "email:mia", "ip:1.2", "phone:12", "iban:12", "is:purple", "device:x", "player:#"])
def test_a_value_that_means_nothing_searches_nothing(house, ana, text):
    page = signed_in(ana).get("/search", {"q": text})
    assert [problem.part for problem in page.context["question"].problems] == [text]
    assert page.context["found"].groups == []


def test_a_card_number_that_is_pasted_stays_nowhere(house, ana):
    response = signed_in(ana).get("/search", {"q": "4242 4242 4242 4242"})
    assert response["Location"] == "/search?q=card%3A4242"
    assert not Event.objects.filter(type="search.personal").exists()


def test_changes_and_pages_are_found(house, ana, find):
    from django.utils import timezone

    from backoffice.approvals.services import drafts

    lead = make_person("head-of-payments", brands=[house.nova])
    from payments.models import ReasonCode

    values = ReasonCode.objects.filter(pk="NAME_MISMATCH").values("code", "outcome", "label", "player_text", "position", "active").get()
    draft = drafts.draft(kind="payments.reason", subject="NAME_MISMATCH", values={**values, "label": "Purple name"}, by=lead, key="k", now=timezone.now())

    assert signed_in(lead).get("/search", {"q": draft.name})["Location"] == reverse("approvals:change", args=[draft.pk])
    assert find(lead, "purple")["changes"] == [draft.name]
    assert "changes" not in find(ana, "purple")  # somebody else's draft
    assert find(ana, "withdr")["pages"] == ["Withdrawals"]
    assert find(make_person("support", brands=[house.nova]), "withdr") == {}


@pytest.mark.parametrize("text", ["", "   ", "''", '"', "x" * 5_000, "wd:", ":", "player:" + "9" * 40, "\x00", "a" * 199 + " :", "é" * 90, "is:late is:open"])
def test_nothing_that_can_be_typed_breaks_the_page(house, ana, text):
    client = signed_in(ana)
    assert client.get("/search", {"q": text}).status_code == 200
    assert client.get("/search/palette", {"q": text, "at": text}).status_code == 200
