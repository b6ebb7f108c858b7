"""The pages of an import as a person walks through them, without JavaScript, and what they cost."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from backoffice.jobs import runner, services
from backoffice.jobs.exports import work
from backoffice.jobs.imports.declared import imports
from backoffice.jobs.models import Import, Job
from backoffice.work.models import Note
from players.imports import NOTES
from tests.backoffice.jobs.conftest import ask, finish
from tests.backoffice.jobs.test_imports import NOW, checked, confirmed, notes_file, uploaded
from tests.casino import new_player, new_withdrawal
from tests.people import make_person, signed_in


@pytest.fixture
def mias(nova):
    return [new_player(nova) for _each in range(3)]


def text(response) -> str:
    return " ".join(response.content.decode().split())


def body(response) -> str:
    return b"".join(response.streaming_content).decode("utf-8-sig")


def test_a_person_uploads_names_columns_reads_the_dry_run_and_confirms(mias, ana):
    client = signed_in(ana)
    assert "Notes about players" in text(client.get(reverse("jobs:imports")))
    page = client.get(reverse("jobs:import", args=["players.note"]))
    assert "Nothing is written before you have seen a dry run" in text(page)
    assert client.get(reverse("jobs:import-template", args=["players.note"])).content.decode("utf-8-sig") == "Player,External id,Note\r\n"

    file = SimpleUploadedFile("kunden.csv", f"Nr;Note\n{mias[0].pk};Called\nx;Called\n".encode("cp1252"))
    sent = client.post(reverse("jobs:import", args=["players.note"]), {"brand": "nova", "file": file, "key": "k"})
    job = Job.objects.get()
    assert (sent.status_code, sent["Location"]) == (303, reverse("jobs:import-columns", args=[job.pk]))

    page = client.get(sent["Location"])
    assert "CSV, semicolons, UTF-8" in text(page)
    assert f'<td class="wrap">{mias[0].pk}</td><td class="wrap">Called</td>' in text(page)
    wrong = client.post(sent["Location"], {"version": 1, "field-player": "0"})
    assert (wrong.status_code, Job.objects.get().state) == (422, "mapping")
    assert "Say which column holds it." in text(wrong)
    assert client.post(sent["Location"], {"version": 7, "field-player": "0", "field-text": "1"}).status_code == 409
    sent = client.post(sent["Location"], {"version": 1, "field-player": "0", "field-text": "1"})
    assert sent.status_code == 303

    job = finish(job)
    page = text(client.get(reverse("jobs:job", args=[job.pk])))
    assert "<b>1 row is good</b>, 1 has a problem. Nothing is written yet." in page
    assert '<td>3</td><td class="wrap">Nr <span class="t2 wrap-any">x</span></td>' in page
    assert '<td class="wrap">It is no whole number. <span class="t2">Write digits alone, such as 4711.</span></td>' in page
    mended = client.post(reverse("jobs:import-rows", args=[job.pk, "problems"]))
    assert body(mended) == 'Nr,Note,Line,Problem\r\nx,Called,3,"Player: It is no whole number. Write digits alone, such as 4711."\r\n'

    client.post(reverse("jobs:import-confirm", args=[job.pk]), {"version": job.version})
    job = finish(job)
    page = text(client.get(reverse("jobs:job", args=[job.pk])))
    assert "<b>1 row was imported</b>, 1 was left out." in page
    assert Note.objects.get().text == "Called"
    assert "left out" in body(client.post(reverse("jobs:import-rows", args=[job.pk, "results"])))


def test_a_file_that_cannot_be_read_is_refused_on_the_form_and_nothing_is_kept(mias, ana, folder):
    file = SimpleUploadedFile("x.csv", b"a,A\n1,2\n")
    answer = signed_in(ana).post(reverse("jobs:import", args=["players.note"]), {"brand": "nova", "file": file, "key": "k"})
    assert answer.status_code == 422
    assert "Columns 1 and 2 are both called “A”. Rename one of them." in text(answer)
    assert (Job.objects.count(), folder.exists()) == (0, False)


def test_the_same_file_and_doubtful_letters_are_said_where_columns_are_named(mias, ana, ines):
    content = "Player,Note\n1,Grüße\n".encode("cp1252")
    first = checked(ana, content)
    second = uploaded(ines, content, key="b")
    page = text(signed_in(ines).get(reverse("jobs:import-columns", args=[second.pk])))
    assert f"Ana Novak uploaded it as {first.name}" in page
    assert "Read as Windows-1252" in page
    assert "Grüße" in page


def test_who_approves_sees_the_rows_and_an_onlooker_only_the_counts(mias, ana, dana, nova, monkeypatch):
    monkeypatch.setitem(imports._kinds, "players.note", type(NOTES)(**{**NOTES.__dict__, "most_without_approval": 1}))
    job = confirmed(checked(ana, notes_file(mias)), ana)
    approver, onlooker = (text(signed_in(one).get(reverse("jobs:job", args=[job.pk]))) for one in (dana, make_person("auditor", brands=[nova])))
    assert "Called 1" in approver
    assert "Called 1" not in onlooker
    assert "awaits your approval" in text(signed_in(dana).get(reverse("ui:home")))
    for name, args in (("jobs:import-columns", [job.pk]), ("jobs:import-rows", [job.pk, "problems"]), ("jobs:import-confirm", [job.pk])):
        method = "get" if name.endswith("columns") else "post"
        assert getattr(signed_in(dana), method)(reverse(name, args=args)).status_code == 403
    assert Job.objects.get().state == "awaiting_approval"


def test_a_cancelled_export_is_taken_up_from_its_page(nova, ana):
    new_withdrawal(nova, now=NOW)
    job, client = ask(ana), signed_in(ana)
    slice_ = runner._take(job.pk, now=timezone.now())
    work.step(slice_)
    services.cancel(job_id=job.pk, by=ana, now=timezone.now())
    assert "Take it up again" in text(client.get(reverse("jobs:job", args=[job.pk])))
    client.post(reverse("jobs:job-take-up", args=[job.pk]))
    assert (finish(job).state, job.done) == ("ready", 1)


def test_the_page_of_an_import_costs_the_same_however_many_rows_it_has(nova, ana, django_assert_max_num_queries):
    for key, number in (("a", 2), ("b", 40)):
        job = checked(ana, notes_file([new_player(nova) for _each in range(number)]) + b"x,Bad\n", key=key)
        client = signed_in(ana)
        client.get(reverse("jobs:job", args=[job.pk]))
        with django_assert_max_num_queries(15):
            client.get(reverse("jobs:job", args=[job.pk]))
    assert Import.objects.count() == 2
