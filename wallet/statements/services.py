"""Asking for a statement, by staff or by the casino's front end for the player, and taking it."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.record import record
from backoffice.jobs import notices, runner
from backoffice.jobs.models import Job
from players.models import Player
from players.services import PlayerRefused
from wallet.models import Statement
from wallet.statements import periods
from wallet.statements.words import LANGUAGES

KIND, SUBJECT, MAKE = "statement", "wallet.statement", "wallet.statements"
KEPT = timedelta(hours=24)


def ask_as_staff(*, player_id: int, since: date, until: date, language: str, form: str, key: str, by: Staff, now: datetime) -> Statement:
    """Ask for a statement of whole days, both included, on the brand's clock; `form` is "pdf" or "csv". The same key again gives the same statement.

    Raises NotAllowed, Player.DoesNotExist for one out of reach, PlayerRefused: statement_period, statement_language, statement_form.
    """
    if not by.may(MAKE):
        raise NotAllowed(_("Making statements for players is not yours."))
    player = Player.objects.visible_to(by).select_related("brand").get(pk=player_id)
    return _ask(player, since, until, language, form, key=f"staff {by.pk} {key}", by=Actor.staff(by), staff=by, now=now)


def ask_as_front_end(*, player: Player, since: date, until: date, language: str, form: str, key: str, by: Actor, now: datetime) -> Statement:
    """The player asked at the casino's front end. As `ask_as_staff`; nobody of the house takes the file."""
    return _ask(player, since, until, language, form, key=f"machine {key}", by=by, staff=None, now=now)


def _ask(player: Player, since: date, until: date, language: str, form: str, *, key: str, by: Actor, staff: Staff | None, now: datetime) -> Statement:
    key = key[:120]
    made = Statement.objects.filter(player=player, key=key).first()
    if made is not None:
        return made
    if language not in LANGUAGES:
        raise PlayerRefused(_("Statements are made in %(languages)s.") % {"languages": ", ".join(LANGUAGES)}, code="statement_language")
    if form not in dict(Statement.FORMS):
        raise PlayerRefused(_("A statement is PDF or CSV."), code="statement_form")
    period = periods.check(since, until, player.brand.zone, now=now)
    title = _("Statement of player #%(player)s, %(since)s to %(until)s") % {"player": player.pk, "since": since.isoformat(), "until": until.isoformat()}
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=KIND, code=form, title=title[:160], spec={"player": player.pk}, brand_id=player.brand_id, brands=[player.brand_id], requested_by=staff,
                asked_as="" if staff else by.label[:80], key=f"statement {player.pk} {key}"[:80], requested_at=now, next_attempt_at=now,
                filename=f"statement-{player.pk}-{until:%Y%m%d}.{form}",
            )  # fmt: skip
            made = Statement.objects.create(
                brand_id=player.brand_id, player=player, since=since, until=until, timezone=str(period.zone), language=language, form=form, asked_by=staff,
                asked_at=now, key=key, job=job,
            )  # fmt: skip
            record(
                "statement.asked", actor=by, at=now, brand_id=player.brand_id, player_id=player.pk, subject=made,
                after={"since": since, "until": until, "language": language, "form": form},
            )  # fmt: skip
            notices.tell(job, now=now)
            runner.hint(job.pk)
    except IntegrityError:  # the same key at the same moment
        return Statement.objects.get(player=player, key=key)
    return made


def of_front_end(player: Player, statement_id: int) -> Statement:
    """One that was asked for at the front end. Raises Statement.DoesNotExist: what staff made is theirs."""
    return Statement.objects.select_related("job").get(pk=statement_id, player=player, asked_by=None)


@transaction.atomic
def fetch(*, statement: Statement, by: Actor, now: datetime) -> Job:
    """Say on the record that the front end took the file. Raises PlayerRefused while there is none: statement_not_ready, statement_gone."""
    job = Job.objects.select_for_update(of=("self",)).get(pk=statement.job_id)
    if job.state in {"queued", "running"}:
        raise PlayerRefused(_("It is being made. Ask again."), code="statement_not_ready")
    if job.state != "ready" or not job.file or (job.expires_at and job.expires_at <= now):
        raise PlayerRefused(_("There is no file: it was not issued, or was removed after a day. Ask for it anew."), code="statement_gone")
    after: dict[str, Any] = {"sha256": job.sha256}
    record("statement.fetched", actor=by, at=now, brand_id=statement.brand_id, player_id=statement.player_id, subject=statement, after=after)
    return job
