"""An export from the question to the file: who may, what stands in it, what needs approval, who gets it, when it goes."""

import csv
import hashlib
import io
import json
import stat
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.utils import timezone

from backoffice.access import services as access
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.models import Event
from backoffice.jobs import runner, services
from backoffice.jobs.exports import asking, work, xlsx
from backoffice.jobs.exports.asking import Invalid
from backoffice.jobs.exports.sources import sources
from backoffice.jobs.models import Job, Part, Verdict
from backoffice.scope.models import Brand
from backoffice.work import listing, queues
from backoffice.work.listing import Asked
from payments.models import Withdrawal
from tests.backoffice.jobs.conftest import COLUMNS, ask, content, finish
from tests.casino import new_withdrawal
from tests.people import make_person

NOW = timezone.now()


def lines_of(job) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content(job).decode("utf-8-sig"), newline="")))


def facts(job) -> list[str]:
    return list(Event.objects.filter(subject_type="jobs.job", subject_id=job.pk).order_by("id").values_list("type", flat=True))


def test_a_file_holds_the_rows_of_the_view_under_a_watermark_that_checks(nova, ana, folder):
    rows = [new_withdrawal(nova, amount, now=NOW) for amount in ("20.00", "2500.00", "75.50")]
    new_withdrawal(Brand.objects.get(code="fjord"), "30.00", currency="SEK", now=NOW)
    job = finish(ask(ana, "view=open&least=50"))

    assert (job.state, job.total, job.done) == ("ready", 2, 2)
    mark, heads, *body = lines_of(job)
    assert heads == ["Number", "Player", "Amount", "Amount, currency", "State", "Player, number"]
    assert body == [
        [str(row.pk), "M••• K•••", f"{row.amount:.2f}", "EUR", "requested", str(row.player_id)] for row in rows[1:]
    ]  # fmt: skip
    first, _newline, rest = content(job).partition(b"\n")
    assert hashlib.sha256(rest).hexdigest() == job.sha256
    assert mark == [
        f"Countroom: {job.name}, Withdrawals", f"for: Ana Novak <{ana.email}>", f"at: {job.started_at:%Y-%m-%d %H:%M:%S}+0000", "time zone: Europe/Malta",
        "brands: Nova", "filter: View: To decide; At least: 50", "rows: 2", "personal data: masked", "reason: Month end", f"sha256: {job.sha256}",
    ]  # fmt: skip
    assert facts(job) == ["export.requested", "export.running", "export.ready"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / str(job.pk), folder / job.file)] == [0o700, 0o700, 0o600]
    assert [path.name for path in (folder / str(job.pk)).iterdir()] == [job.file.partition("/")[2]]  # no part is left


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
def test_each_format_is_verified_by_the_command_and_a_changed_byte_is_found(nova, ana, tmp_path, form):
    for _each in range(3):
        new_withdrawal(nova, now=NOW)
    job = finish(ask(ana, form=form))
    path = tmp_path / job.filename
    path.write_bytes(content(job))
    out = io.StringIO()
    call_command("verify_export", str(path), stdout=out)
    assert f"Intact: {job.name} made it" in out.getvalue()
    assert path.suffix == f".{form}"

    Job.objects.filter(pk=job.pk).update(sha256="0" * 64)
    with pytest.raises(CommandError, match="NOT OURS"):
        call_command("verify_export", str(path), stdout=out)
    if form != "xlsx":
        path.write_bytes(content(job).replace(b"250.00", b"950.00", 1))
        with pytest.raises(CommandError, match="CHANGED"):
            call_command("verify_export", str(path), stdout=out)
    path.write_bytes(b"hello\n")
    with pytest.raises(CommandError, match="no watermark|no workbook"):
        call_command("verify_export", str(path), stdout=out)


def test_a_workbook_and_csv_of_the_same_rows_have_the_same_checksum(nova, ana, monkeypatch):
    for _each in range(5):
        new_withdrawal(nova, now=NOW)
    monkeypatch.setattr(work, "PART_ROWS", 2)
    table, book = finish(ask(ana)), finish(ask(ana, form="xlsx"))
    assert table.sha256 == book.sha256
    assert xlsx.letters(26) == "AA"


def test_json_lines_name_every_value(nova, ana):
    row = new_withdrawal(nova, now=NOW)
    job = finish(ask(ana, form="jsonl"))
    mark, line = (json.loads(text) for text in content(job).decode().splitlines())
    assert mark["export"]["sha256"] == job.sha256
    assert line == {
        "id": row.pk, "player": "M••• K•••", "amount": "250.00", "amount_currency": "EUR", "state": "requested", "player_id": row.player_id,
    }  # fmt: skip


def test_every_queue_exports_what_its_list_shows(nova, ines):
    for _each in range(4):
        new_withdrawal(nova, now=NOW)
    now = timezone.now()
    for queue in queues.every():
        for tab in queue.tabs:
            job = finish(ask(ines, f"view={tab.key}", code=queue.subject, columns=["id"], form="jsonl", now=now)) if _size(queue, ines, tab.key) else None
            shown = sorted(row.pk for row in listing.page(ines, Asked(queue, tab, sort=queue.order), now=now).rows)
            found = [json.loads(line)["id"] for line in content(job).decode().splitlines()[1:]] if job else []
            assert (queue.subject, tab.key, found) == (queue.subject, tab.key, shown)


def _size(queue, staff, key) -> int:
    return asking.size(sources.get(queue.subject), staff, QueryDict(f"view={key}"), now=timezone.now()).rows


def test_only_the_page_that_is_open_can_be_asked_for(nova, ana):
    rows = [new_withdrawal(nova, f"{20 + number}.00", now=NOW) for number in range(30)]
    job = finish(ask(ana, "view=open&size=25", scope="page"))
    assert (job.total, len(job.spec["ids"])) == (25, 25)
    assert {int(line[0]) for line in lines_of(job)[2:]} < {row.pk for row in rows}


def test_what_comes_in_while_it_runs_is_not_in_it_and_what_left_its_view_is(nova, ana, monkeypatch):
    monkeypatch.setattr(work, "PART_ROWS", 2)
    chosen = [new_withdrawal(nova, now=NOW) for _each in range(5)]
    job = ask(ana, "view=open")
    slice_ = runner._take(job.pk, now=timezone.now())
    while work.step(slice_) and slice_.job.done < 2:
        pass
    new_withdrawal(nova, now=NOW)
    Withdrawal.objects.filter(pk=chosen[4].pk).update(held_until=NOW + timedelta(days=1), state="held")
    while work.step(slice_):
        pass
    job.refresh_from_db()
    assert [(int(line[0]), line[4]) for line in lines_of(job)[2:]] == [(row.pk, "requested") for row in chosen[:4]] + [(chosen[4].pk, "held")]


def test_without_the_rights_nothing_is_asked(nova, ana, ines):
    new_withdrawal(nova, now=NOW)
    support = make_person("support", brands=[nova])
    for by, more in ((support, {}), (ana, {"masked": False}), (make_person("games", brands=[nova]), {})):
        with pytest.raises(NotAllowed):
            ask(by, **more)
    for more in ({"reason": " "}, {"columns": []}, {"columns": ["nothing"]}, {"form": "pdf"}, {"query": "view=late&least=999999"}):
        with pytest.raises(Invalid):
            ask(ana, **more)
    assert not Job.objects.exists()
    assert not Event.objects.filter(type__startswith="export.").exists()
    assert ask(ana, columns=["id", "amount"], reason="").state == "queued"  # nothing personal in it: no reason needed


def test_the_same_key_gives_the_same_job(nova, ana):
    new_withdrawal(nova, now=NOW)
    first, again = ask(ana, key="k"), ask(ana, key="k", form="xlsx")
    assert (first.pk, Job.objects.count(), again.spec["format"]) == (again.pk, 1, "csv")


def test_personal_data_in_clear_waits_for_somebody_else(nova, ana, ines, dana):
    row = new_withdrawal(nova, now=NOW)
    job = ask(ines, masked=False)
    assert (job.state, job.needed, job.next_attempt_at) == ("awaiting_approval", 1, None)
    assert runner.run(job.pk) == "not due"
    for by in (ines, ana):
        with pytest.raises(NotAllowed):
            services.decide(job_id=job.pk, version=job.version, verdict="approved", reason="", by=by, now=timezone.now())
    with pytest.raises(services.ReasonRequired):
        services.decide(job_id=job.pk, version=job.version, verdict="rejected", reason=" ", by=dana, now=timezone.now())
    with pytest.raises(services.Stale):
        services.decide(job_id=job.pk, version=7, verdict="approved", reason="", by=dana, now=timezone.now())
    assert (Job.objects.get().state, Verdict.objects.count()) == ("awaiting_approval", 0)

    services.decide(job_id=job.pk, version=job.version, verdict="approved", reason="Court order", by=dana, now=timezone.now())
    job = finish(Job.objects.get())
    assert lines_of(job)[2][1] == row.player.name
    assert "personal data: in clear" in lines_of(job)[0]
    assert facts(job) == ["export.requested", "export.approved", "export.running", "export.ready"]
    with pytest.raises(NotAllowed):
        services.download(job_id=job.pk, permission="payments.view", by=dana, now=timezone.now())


def test_a_rejected_one_never_runs(nova, ines, dana):
    new_withdrawal(nova, now=NOW)
    job = ask(ines, masked=False)
    services.decide(job_id=job.pk, version=job.version, verdict="rejected", reason="Not needed", by=dana, now=timezone.now())
    job.refresh_from_db()
    assert (job.state, job.outcome, runner.run(job.pk)) == ("rejected", "Not needed", "not due")


def test_the_database_refuses_who_asked_and_a_second_word(nova, ines, dana):
    new_withdrawal(nova, now=NOW)
    job = ask(ines, masked=False)
    said = {"job": job, "requested_by": ines, "verdict": "approved", "at": NOW}
    with pytest.raises(IntegrityError, match="jobs_verdict_by_another"), transaction.atomic():
        Verdict.objects.create(staff=ines, **said)
    Verdict.objects.create(staff=dana, **said)
    with pytest.raises(IntegrityError, match="jobs_verdict_once"), transaction.atomic():
        Verdict.objects.create(staff=dana, **said)


def test_a_large_one_waits_for_approval_also_when_it_grew_after_it_was_asked_for(nova, ana, dana, monkeypatch):
    for _each in range(3):
        new_withdrawal(nova, now=NOW)
    monkeypatch.setattr(asking, "MOST_WITHOUT_APPROVAL", 3)
    assert ask(ana).state == "queued"
    job = ask(ana)
    new_withdrawal(nova, now=NOW)
    assert ask(ana).state == "awaiting_approval"

    assert finish(job).state == "awaiting_approval"
    assert (job.needed, job.total, Part.objects.count()) == (1, None, 0)
    services.decide(job_id=job.pk, version=job.version, verdict="approved", reason="", by=dana, now=timezone.now())
    assert (finish(job).state, job.done) == ("ready", 4)


def test_rights_that_were_lost_end_it_and_keep_the_file_from_being_taken(nova, ana):
    new_withdrawal(nova, now=NOW)
    made, running = finish(ask(ana)), ask(ana)
    access.revoke_reach(staff=ana, brand=nova, by=None, now=timezone.now())
    running = finish(running)
    assert (running.state, running.outcome) == ("failed", "Rights of who asked for it no longer cover it.")
    ana.forget()
    with pytest.raises(NotAllowed):
        services.download(job_id=made.pk, permission="payments.view", by=ana, now=timezone.now())
    assert "export.downloaded" not in facts(made)


def test_a_file_is_gone_after_a_day_and_the_row_stays(nova, ana, folder, django_capture_on_commit_callbacks):
    new_withdrawal(nova, now=NOW)
    job = finish(ask(ana))
    services.download(job_id=job.pk, permission="payments.view", by=ana, now=timezone.now())
    assert services.expire_due(now=job.expires_at - timedelta(seconds=1)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert services.expire_due(now=job.expires_at) == 1
    job.refresh_from_db()
    assert (job.state, job.file, list(folder.iterdir())) == ("expired", "", [])
    assert facts(job)[-2:] == ["export.downloaded", "export.expired"]
    with pytest.raises(services.NotAvailable):
        services.download(job_id=job.pk, permission="payments.view", by=ana, now=timezone.now())


def test_nobody_decided_in_time(nova, ines):
    new_withdrawal(nova, now=NOW)
    job = ask(ines, masked=False)
    assert services.expire_due(now=job.expires_at) == 1
    assert Job.objects.get().outcome == "Nobody decided in time."


@pytest.mark.parametrize("code", ["audit.event", "access.staff", "approvals.change"])
def test_lists_of_lower_rooms_are_exported_too(nova, dana, code):
    from tests.world import proposed_policy

    proposed_policy(nova)
    source = sources.get(code)
    job = finish(ask(dana, "view=all", code=code, columns=[column.key for column in source.columns]))
    assert job.state == "ready"
    if code != "audit.event":  # asking and running are facts themselves
        assert job.done == len(lines_of(job)) - 2 == source.matching(dana, QueryDict("view=all"), job.started_at).count() > 0
        assert dana.email not in content(job).decode().partition("\n")[2]


def test_personal_values_of_facts_stay_hidden_in_a_file(nova, dana):
    row = new_withdrawal(nova, now=NOW)
    job = finish(ask(dana, f"player={row.player_id}&type=player.registered", code="audit.event", columns=["type", "after", "ip"]))
    line = lines_of(job)[2]
    assert line[0] == "player.registered"
    assert "•••" in line[1]
    assert row.player.email not in line[1]


def test_columns_come_in_the_lists_order_and_keys_are_one_of_a_kind():
    assert [column.key for column in sources.get("payments.withdrawal").chosen(reversed(COLUMNS))] == ["id", "player", "amount", "state", "player_id"]
