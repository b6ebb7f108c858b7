"""An import from the file to the rows that it wrote: columns, dry run, confirmation, kill, cancel, approval, and what it refuses."""

import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from backoffice.access import services as access
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.models import Event
from backoffice.jobs import runner, services
from backoffice.jobs.imports import asking, reading, telling, work
from backoffice.jobs.imports.declared import imports
from backoffice.jobs.models import Import, Job, KnownHeading, Part, RowResult
from backoffice.scope.models import Brand
from backoffice.work.models import Item, Note
from players.imports import NOTES
from tests.backoffice.jobs.conftest import finish
from tests.backoffice.jobs.test_reading import workbook
from tests.casino import new_player, new_withdrawal
from tests.people import make_person

NOW = timezone.now()


def uploaded(by, content: bytes, *, code="players.note", brand="nova", key="k", name="notes.csv") -> Job:
    brand = Brand.objects.get(code=brand) if brand else None
    return asking.upload(code=code, file=io.BytesIO(content), filename=name, brand=brand, by=by, key=key, now=timezone.now())


def mapped(job, by, **columns) -> Job:
    columns = columns or Import.objects.get(job=job).columns
    return asking.map_columns(job_id=job.pk, version=job.version, columns=columns, decimal="", by=by, now=timezone.now())


def checked(by, content: bytes, **more) -> Job:
    return finish(mapped(uploaded(by, content, **more), by))


def confirmed(job, by) -> Job:
    return asking.confirm(job_id=job.pk, version=job.version, by=by, now=timezone.now())


def problems(job) -> list[tuple[int, str, str]]:
    content = Import.objects.get(job=job)
    return [(one.line, one.column, one.what) for one in telling.problems(job, imports.get(job.code), content)]


def facts(job) -> list[str]:
    return list(Event.objects.filter(subject_type="jobs.job", subject_id=job.pk).order_by("id").values_list("type", flat=True))


def table(job, which: str) -> list[list[str]]:
    content = b"".join(telling.file_of(job, which, imports.get(job.code), Import.objects.get(job=job)))
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def notes_file(players, text="Called {0}") -> bytes:
    return ("Player,Note\n" + "".join(f"{player.pk},{text.format(n)}\n" for n, player in enumerate(players))).encode()


def overdue(job) -> None:
    Job.objects.filter(pk=job.pk).update(next_attempt_at=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def mias(nova):
    return [new_player(nova) for _each in range(7)]


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(work, "PART_ROWS", 3)
    monkeypatch.setattr(work, "LOADED_ROWS", 2)


def test_a_dry_run_writes_nothing_and_names_line_column_and_what_to_do(mias, ana):
    stranger = new_player(Brand.objects.get(code="fjord"), currency="SEK")
    content = (
        f"Our no;External id;Note\n{mias[0].pk};;Called\n{stranger.pk};;Called\nx;;Called\n;{mias[1].external_id};\n{mias[2].pk};{mias[3].external_id};Two\n"
        f";;Nobody\n{mias[0].pk};;Called\n{mias[4].pk};=1+1;Sum\n{mias[5].pk};Ragged\n;{mias[6].external_id};Fine\n"
    ).encode()
    job = uploaded(ana, content)
    assert Import.objects.get().columns == {"external_id": 1, "text": 2}
    job = finish(mapped(job, ana, player=0, external_id=1, text=2))

    assert (job.state, job.total, Import.objects.values_list("right", "wrong").get()) == ("checked", 10, (2, 8))
    assert problems(job) == [
        (3, "Our no", "The brand has no such player."), (4, "Our no", "It is no whole number."), (5, "Note", "It is empty."),
        (6, "External id", "It is another player's than the number."), (7, "", "It names no player."), (8, "", "The same stands in line 2."),
        (9, "External id", "It holds a formula."), (10, "", "It has 2 cells, other than the headings."), (10, "Note", "It is empty."),
    ]  # fmt: skip
    heads, first, *_more, last = table(job, "problems")
    assert heads == ["Our no", "External id", "Note", "Line", "Problem"]
    assert first == [str(stranger.pk), "", "Called", "3", "Player: The brand has no such player. Look up the number, or choose the brand of this player."]
    assert last[:4] == [str(mias[5].pk), "Ragged", "", "10"]
    assert (Note.objects.count(), RowResult.objects.count()) == (0, 0)
    assert facts(job) == ["import.uploaded", "import.mapped", "import.running", "import.checked"]


def test_only_the_good_rows_are_written_by_the_service_once_each_and_on_the_record(mias, ana, small):
    job = checked(ana, notes_file(mias) + b"999999,Nobody\n")
    job = finish(confirmed(job, ana))

    assert (job.state, job.total, job.done) == ("done", 7, 7)
    assert [(one.player_id, one.text, one.author_id) for one in Note.objects.order_by("pk")] == [
        (player.pk, f"Called {n}", ana.pk) for n, player in enumerate(mias)
    ]  # fmt: skip
    assert Event.objects.filter(type="work.note_written", actor_id=ana.pk).count() == 7
    assert facts(job)[-3:] == ["import.confirmed", "import.running", "import.done"]
    results = table(job, "results")
    assert results[1] == [str(mias[0].pk), "Called 0", "2", "done", f"Note about player #{mias[0].pk} written"]
    assert results[-1][2:4] == ["9", "left out"]


def test_the_columns_that_somebody_named_are_known_the_next_time(mias, ana, ines):
    content = f"Kunde,Was los ist\n{mias[0].pk},x\n".encode()
    job = uploaded(ana, content)
    assert Import.objects.get(job=job).columns == {}
    mapped(job, ana, player=0, text=1)
    again = uploaded(ines, content.replace(b"Was los ist", b"  WAS LOS-ist"), key="other")
    assert Import.objects.get(job=again).columns == {"player": 0, "text": 1}
    mapped(again, ines, external_id=0, text=1)  # the last word counts
    assert KnownHeading.objects.get(heading="kunde").field == "external_id"


def test_the_same_file_twice_is_said(mias, ana, ines):
    content = notes_file(mias)
    first = checked(ana, content)
    second, other = uploaded(ines, content, key="b"), uploaded(ines, content + b"\n", key="c")
    assert asking.earlier(second) == first
    assert asking.earlier(other) is None
    assert asking.earlier(first) is None


def test_columns_may_be_named_anew_after_a_dry_run(mias, ana, small):
    job = finish(mapped(uploaded(ana, f"A,B,C\n{mias[0].pk},x,y\n".encode()), ana, player=1, text=2))
    assert problems(job) == [(2, "B", "It is no whole number.")]
    job = finish(mapped(job, ana, player=0, text=2))
    assert (job.state, problems(job), Import.objects.values_list("right", "wrong").get()) == ("checked", [], (1, 0))


@pytest.mark.parametrize("steps", range(1, 9))
def test_whoever_goes_on_after_a_dead_worker_does_no_row_twice(mias, ana, small, steps):
    job = mapped(uploaded(ana, notes_file(mias)), ana)
    slice_ = runner._take(job.pk, now=timezone.now())
    for _step in range(steps):
        if not work.step(slice_):
            job.refresh_from_db()
            confirmed(job, ana)
            slice_ = runner._take(job.pk, now=timezone.now())
    overdue(job)
    job = finish(job)
    if job.state == "checked":
        job = finish(confirmed(job, ana))
    assert (job.state, job.done) == ("done", 7)
    assert [one.text for one in Note.objects.order_by("pk")] == [f"Called {n}" for n in range(7)]


def test_a_kill_in_the_middle_of_a_row_leaves_nothing_of_it(mias, ana, small, monkeypatch):
    job = confirmed(checked(ana, notes_file(mias)), ana)
    kept = RowResult.objects.create
    calls = iter(range(100))

    def dies_at_the_fourth(**values):
        if next(calls) == 3:
            raise SystemExit
        return kept(**values)

    monkeypatch.setattr(RowResult.objects, "create", dies_at_the_fourth)
    with pytest.raises(SystemExit):
        runner.run(job.pk)
    assert (Note.objects.count(), Job.objects.get().done) == (3, 3)
    overdue(job)
    assert finish(job).state == "done"
    assert [one.text for one in Note.objects.order_by("pk")] == [f"Called {n}" for n in range(7)]


def test_a_slow_worker_that_lost_its_lease_writes_no_row(mias, ana, small):
    job = confirmed(checked(ana, notes_file(mias)), ana)
    slow = runner._take(job.pk, now=timezone.now())
    overdue(job)
    fast = runner._take(job.pk, now=timezone.now())
    assert work.step(fast)
    with pytest.raises(runner.Lost):
        work.step(slow)
    assert (Note.objects.count(), RowResult.objects.count()) == (2, 2)


def test_cancelled_in_the_middle_what_was_done_stays_and_it_can_be_taken_up(mias, ana, small):
    job = confirmed(checked(ana, notes_file(mias)), ana)
    slice_ = runner._take(job.pk, now=timezone.now())
    assert work.step(slice_)
    services.cancel(job_id=job.pk, by=ana, now=timezone.now())
    with pytest.raises(runner.Lost):
        work.step(slice_)
    runner._clean_up(slice_.job)
    job.refresh_from_db()
    assert (job.state, job.done, Note.objects.count()) == ("cancelled", 2, 2)
    assert Event.objects.filter(type="import.cancelled").get().after == '{"done":2,"state":"cancelled","total":7,"version":7}'
    assert [row[3] for row in table(job, "results")[1:]] == ["done"] * 2 + ["not done"] * 5

    services.take_up(job_id=job.pk, by=ana, now=timezone.now())
    assert (finish(job).state, job.done, Note.objects.count()) == ("done", 7, 7)


def test_a_row_that_became_wrong_after_the_dry_run_is_refused_and_the_others_go(mias, ana, small):
    job = checked(ana, notes_file(mias))
    confirmed(job, ana)
    type(mias[1]).objects.filter(pk=mias[1].pk).update(brand=Brand.objects.get(code="fjord"))
    job = finish(job)
    assert (job.state, Note.objects.count(), Import.objects.get().refused) == ("done", 6, 1)
    assert RowResult.objects.get(outcome="refused").words.startswith("The brand has no such player.")
    assert table(job, "results")[2][3] == "refused"


def test_a_fault_that_stays_ends_it_and_keeps_what_was_done(mias, ana, small, monkeypatch):
    def breaks(values, loaded, **_more):
        if values["text"] == "Called 3":
            raise OSError("full")
        return kept(values, loaded, **_more)

    kept = NOTES.commit
    monkeypatch.setitem(imports._kinds, "players.note", type(NOTES)(**{**NOTES.__dict__, "commit": breaks}))
    job = confirmed(checked(ana, notes_file(mias)), ana)
    for _try in range(runner.MOST_TRIES):
        overdue(job)
        answer = runner.run(job.pk)
    job.refresh_from_db()
    assert (answer, job.state, job.done, Note.objects.count()) == ("failed", "failed", 3, 3)
    assert len(table(job, "results")) == 8


def test_a_large_one_waits_for_somebody_else(mias, ana, dana, monkeypatch):
    monkeypatch.setitem(imports._kinds, "players.note", type(NOTES)(**{**NOTES.__dict__, "most_without_approval": 6}))
    job = confirmed(checked(ana, notes_file(mias)), ana)
    assert (job.state, job.needed, runner.run(job.pk)) == ("awaiting_approval", 1, "not due")
    with pytest.raises(NotAllowed):
        services.decide(job_id=job.pk, version=job.version, verdict="approved", reason="", by=ana, now=timezone.now())
    assert Note.objects.count() == 0
    services.decide(job_id=job.pk, version=job.version, verdict="approved", reason="", by=dana, now=timezone.now())
    assert (finish(job).state, Note.objects.count()) == ("done", 7)


def test_a_kind_that_leaves_nothing_out_goes_with_good_rows_alone(mias, ana, monkeypatch):
    monkeypatch.setitem(imports._kinds, "players.note", type(NOTES)(**{**NOTES.__dict__, "partial": False}))
    job = checked(ana, notes_file(mias) + b"999999,Nobody\n")
    with pytest.raises(asking.Invalid, match="Every row has to be good"):
        confirmed(job, ana)
    assert (Job.objects.get().state, Note.objects.count()) == ("checked", 0)
    assert finish(confirmed(checked(ana, notes_file(mias), key="b"), ana)).state == "done"


def test_nobody_else_goes_on_with_it_and_without_the_rights_nothing_is_kept(mias, ana, ines, nova, folder):
    auditor = make_person("auditor", brands=[nova])
    with pytest.raises(NotAllowed):
        uploaded(auditor, notes_file(mias))
    for more in ({"brand": None}, {"brand": "fjord"}):
        with pytest.raises(asking.Invalid):
            uploaded(ana, notes_file(mias), **more)
    with pytest.raises(reading.Unreadable):
        uploaded(ana, b"")
    assert (Job.objects.count(), folder.exists()) == (0, False)

    job = uploaded(ana, notes_file(mias))
    for act in (lambda: mapped(job, ines), lambda: confirmed(job, ines)):
        with pytest.raises(NotAllowed):
            act()
    with pytest.raises(services.Stale):
        asking.map_columns(job_id=job.pk, version=9, columns={"text": 1}, decimal="", by=ana, now=timezone.now())
    for columns in ({"player": 0}, {"text": 1, "player": 1}, {"text": 7}, {"text": 1, "nothing": 0}):
        with pytest.raises(asking.Invalid):
            asking.map_columns(job_id=job.pk, version=1, columns=columns, decimal="", by=ana, now=timezone.now())
    with pytest.raises(services.Stale):
        confirmed(job, ana)
    assert (Job.objects.get().state, facts(job)) == ("mapping", ["import.uploaded"])


def test_rights_that_were_lost_end_it_before_the_next_row(mias, ana, nova, small):
    job = confirmed(checked(ana, notes_file(mias)), ana)
    assert work.step(runner._take(job.pk, now=timezone.now()))
    access.revoke_reach(staff=ana, brand=nova, by=None, now=timezone.now())
    overdue(job)
    job = finish(job)
    assert (job.state, job.outcome, Note.objects.count()) == ("failed", "Rights of who asked for it no longer cover it.", 2)


def test_too_many_rows_or_none_fail_with_words(mias, ana, monkeypatch):
    empty = checked(ana, b"Player,Note\n")
    assert (empty.state, empty.outcome) == ("failed", "There is no row under the headings.")
    monkeypatch.setitem(imports._kinds, "players.note", type(NOTES)(**{**NOTES.__dict__, "most_rows": 6}))
    large = checked(ana, notes_file(mias), key="b")
    assert (large.state, large.outcome) == ("failed", "It has more than 6 rows. Split it.")
    torn = checked(ana, f'Player,Note\n{mias[0].pk},"x"y\n'.encode(), key="c")
    assert torn.state == "failed"
    assert torn.outcome.startswith("Line 2 cannot be read: ")
    assert Note.objects.count() == 0


def test_the_upload_that_was_changed_in_the_storage_is_not_imported(mias, ana, folder, small):
    job = confirmed(checked(ana, notes_file(mias)), ana)
    (folder / Part.objects.get(job=job, kind="rows", number=1).name).write_bytes(b"[]")
    job = finish(job)
    assert (job.state, Note.objects.count()) == ("failed", 3)
    assert job.outcome.startswith("What was uploaded is gone from the storage")


def test_files_and_results_go_after_thirty_days_and_the_counts_stay(mias, ana, folder, django_capture_on_commit_callbacks):
    job = finish(confirmed(checked(ana, notes_file(mias)), ana))
    assert job.expires_at - job.finished_at == timedelta(days=30)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.expire_due(now=job.expires_at) == 1
    job.refresh_from_db()
    assert (job.state, job.done, RowResult.objects.count(), Part.objects.count()) == ("done", 7, 0, 0)
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    with pytest.raises(services.NotAvailable):
        asking.take_rows(job_id=job.pk, which="results", by=ana, now=timezone.now())


def test_one_that_is_left_lying_expires(mias, ana):
    job = checked(ana, notes_file(mias))
    assert services.expire_due(now=job.expires_at) == 1
    job.refresh_from_db()
    assert (job.state, job.outcome) == ("expired", "It was left lying.")


def test_one_whose_columns_nobody_names_expires_and_before_it_begins_it_is_cancelled(mias, ana):
    left = uploaded(ana, notes_file(mias))
    assert services.expire_due(now=left.expires_at) == 1
    states = []
    for number, job in enumerate((uploaded(ana, notes_file(mias[:2]), key="a"), checked(ana, notes_file(mias[:3]), key="b"))):
        before = job.state
        states.append((number, before, services.cancel(job_id=job.pk, by=ana, now=timezone.now()).state))
    left.refresh_from_db()
    assert (left.state, states, Note.objects.count()) == ("expired", [(0, "mapping", "cancelled"), (1, "checked", "cancelled")], 0)


def test_the_same_key_gives_the_same_import(mias, ana, folder):
    first, again = uploaded(ana, notes_file(mias)), uploaded(ana, b"Note\nx\n")
    assert (first.pk, Job.objects.count()) == (again.pk, 1)


def test_tags_of_every_queue_come_from_a_file(nova, lars, small):
    rows = [new_withdrawal(nova, now=NOW) for _each in range(3)]
    elsewhere = new_withdrawal(Brand.objects.get(code="fjord"), "30.00", currency="SEK", now=NOW)
    content = workbook(
        ["Number", "Tags", "Action"], [rows[0].pk, "VIP, late", None], [rows[1].pk, "vip", "add"], [rows[0].pk, "late", "remove"], [elsewhere.pk, "vip", None],
        [rows[2].pk, ", ,", None], [rows[2].pk, "x" * 41, None],
    )  # fmt: skip
    job = checked(lars, content, code="payments.withdrawal.tags", brand=None, name="tags.xlsx")
    assert problems(job) == [
        (5, "Number", "There is no such item within your brands."), (6, "Tags", "There is nothing but commas in it."),
        (7, "Tags", "A tag has 1 to 40 characters."),
    ]  # fmt: skip
    job = finish(confirmed(job, lars))
    assert {item.subject_id: item.tags for item in Item.objects.exclude(tags=[])} == {rows[0].pk: ["vip"], rows[1].pk: ["vip"]}
    assert Event.objects.filter(type="work.tagged", actor_id=lars.pk).count() == 3
    assert job.state == "done"


def test_a_row_that_the_service_refuses_is_said_and_the_others_go(nova, lars):
    row, other = new_withdrawal(nova, now=NOW), new_withdrawal(nova, now=NOW)
    content = f'id,tags\n{row.pk},"{",".join(f"t{n}" for n in range(11))}"\n{other.pk},vip\n'.encode()
    job = finish(confirmed(checked(lars, content, code="payments.withdrawal.tags", brand=None), lars))
    assert list(RowResult.objects.order_by("line").values_list("line", "outcome", "words")) == [
        (2, "refused", "An item has at most 10 tags."), (3, "done", "vip"),
    ]  # fmt: skip
    assert (job.state, Item.objects.filter(tags=["vip"]).get().subject_id) == ("done", other.pk)
