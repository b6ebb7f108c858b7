"""Everything held about a player, on request: the only writes to such a request."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access.models import Staff
from backoffice.audit.actors import Actor
from backoffice.audit.lifecycle import NotAllowed, Stale
from backoffice.audit.record import record
from backoffice.jobs import notices, runner
from backoffice.jobs.lifecycles import SUBJECT as JOB_SUBJECT
from backoffice.jobs.lifecycles import UNFINISHED
from backoffice.jobs.models import Job
from backoffice.scope import packs
from players import contact, locks
from players.lifecycles import ACCESS
from players.messages.sending import queue
from players.models import AccessRequest, Player
from players.privacy import WORK, held, telling
from players.services import PlayerRefused, refuse_erased

SUBJECT = "players.accessrequest"
KIND = "personal_data"
EARLIEST = timedelta(days=60)  # how long ago a request that is written down by hand may have come
LONGEST = 1_000
MESSAGE, TEMPLATE_EXTENDED = "message", "access_extended"
EXTENSION_WAYS = [(MESSAGE, gettext_lazy("By an e-mail that we write now")), *(one for one in AccessRequest.WAYS if one[0] in {"post", "front_end"})]


@transaction.atomic
def ask(
    *, player_id: int, channel: str, reason: str = "", received_at: datetime | None = None, external_id: str = "", key: str, by: Actor, now: datetime
) -> AccessRequest:
    """Write down that a player asks for everything that is held. It is due by the pack in force on the day it came. The same key again gives the
    same request. `by` is a person who may, or the front end.

    Raises PlayerRefused: player_erased, waits (one is open already), received_at, channel, reason (staff say what was asked), law_unknown.
    """
    player = locks.player(player_id)
    known = AccessRequest.objects.filter(brand_id=player.brand_id, key=key).first()
    if known is not None:
        if known.player_id != player.pk:
            raise PlayerRefused(_("This id belongs to another player's request."), code="request_known")
        return known
    refuse_erased(player)
    came, reason = received_at or now, reason.strip()
    if channel not in dict(AccessRequest.CHANNELS):
        raise PlayerRefused(_("Choose how it came."), code="channel")
    if by.kind == "staff" and not reason:
        raise PlayerRefused(_("Say what was asked."), code="reason")
    if not now - EARLIEST <= came <= now + timedelta(minutes=5):
        raise PlayerRefused(_("It came within the last %(days)s days. Choose that moment.") % {"days": EARLIEST.days}, code="received_at")
    if (open_one := AccessRequest.objects.filter(player=player, state__in=["asked", "made"]).first()) is not None:
        raise PlayerRefused(_("%(name)s is open already; it is answered first.") % {"name": open_one.name}, code="waits")
    try:
        number = packs.number(player.jurisdiction_id, "privacy.answer_days", on=came.date())
    except packs.NoPack as missing:
        raise PlayerRefused(str(missing), code="law_unknown") from missing
    made = AccessRequest(
        brand_id=player.brand_id, player=player, channel=channel, external_id=external_id, received_at=came, due_at=came + timedelta(days=number.value),
        clause=f"{number.pack}: {number.citation}"[:300], asked_by_id=by.id if by.kind == "staff" else None, key=key,
    )  # fmt: skip
    made.reason = reason[:LONGEST]
    made.save(force_insert=True)
    record(
        "accessrequest.asked", actor=by, at=now, brand_id=player.brand_id, player_id=player.pk, subject=(SUBJECT, made.pk),
        after={"state": "asked", "channel": channel, "received_at": came, "due_at": made.due_at, "by": made.clause},
    )  # fmt: skip
    if by.kind != "staff":
        telling.asked(made, now=now)
    return made


def _mine(request_id: int, version: int | None, by: Staff) -> AccessRequest:
    """Locked, after the player. Raises NotAllowed, Stale, AccessRequest.DoesNotExist."""
    if not by.may(WORK):
        raise NotAllowed(_("Requests about personal data are not yours."))
    rows = AccessRequest.objects.visible_to(by).filter(pk=request_id)
    if not rows.exists():
        raise AccessRequest.DoesNotExist
    locks.owner_of(rows)
    row = rows.select_for_update(of=("self",)).select_related("job", "player").get()
    if version is not None and row.version != version:
        raise Stale(row)
    return row


@transaction.atomic
def make(*, request_id: int, key: str, by: Staff, now: datetime) -> Job:
    """Have the file made in the background, by and for this person. While one is being made, or lies ready, that is the answer.

    Raises NotAllowed, AccessRequest.DoesNotExist, PlayerRefused (`over`) for a request that was answered.
    """
    row = _mine(request_id, None, by)
    if row.state not in {"asked", "made"}:
        raise PlayerRefused(_("It was answered already."), code="over")
    if row.job is not None and (row.job.state in UNFINISHED or row.job.state == "ready"):
        return row.job
    if row.state == "made":  # the file was removed before it reached the player
        ACCESS.move(row, to="asked", by=Actor.staff(by), may=by.may, now=now, fact="accessrequest.asked_again")
    job = Job(
        kind=KIND, code=SUBJECT, title=_("Everything held about player #%(number)s") % {"number": row.player_id}, requested_by=by, key=f"access:{key}"[:80],
        spec={"request": row.pk, "player": row.player_id, "kinds": [one.key for one in held.exported()]}, brand_id=row.brand_id, brands=[row.brand_id],
        requested_at=now, next_attempt_at=now, filename=f"personal-data-{row.player_id}-{now:%Y%m%d}.zip", reason=row.name,
    )  # fmt: skip
    try:
        with transaction.atomic():
            job.save(force_insert=True)
    except IntegrityError:  # the same form, sent twice at the same moment
        return Job.objects.get(requested_by=by, key=f"access:{key}"[:80])
    row.job = job
    row.save(update_fields=["job"])
    record(
        f"{KIND}.requested", actor=Actor.staff(by), at=now, brand_id=row.brand_id, player_id=row.player_id, subject=(JOB_SUBJECT, job.pk),
        after={"request": row.name, "kinds": job.spec["kinds"]},
    )  # fmt: skip
    notices.tell(job, now=now)
    runner.hint(job.pk)
    return job


@transaction.atomic
def deliver(*, request_id: int, version: int, way: str, by: Staff, now: datetime) -> AccessRequest:
    """The file reached the player this way. Again, it changes nothing. Raises NotAllowed (also before there is a file), Stale, PlayerRefused (`way`)."""
    row = _mine(request_id, None, by)
    if row.state == "delivered":
        return row
    if row.version != version:
        raise Stale(row)
    if way not in dict(AccessRequest.WAYS) or not way:
        raise PlayerRefused(_("Choose how it went to the player."), code="way")
    ACCESS.move(
        row, to="delivered", by=Actor.staff(by), may=by.may, now=now, also={"way": way, "ended_at": now},
        evidence={"way": way, "sha256": row.sha256, "late": now > row.due_at},
    )  # fmt: skip
    telling.answered(row, now=now)
    return row


@transaction.atomic
def refuse(*, request_id: int, version: int, reason: str, by: Staff, now: datetime) -> AccessRequest:
    """Refuse it, with a reason that the player may read (Art. 12(4), (5)). Raises NotAllowed, Stale, PlayerRefused (`reason`)."""
    row = _mine(request_id, version, by)
    if not reason.strip():
        raise PlayerRefused(_("Say why, in words that the player may read."), code="reason")
    ACCESS.move(row, to="refused", by=Actor.staff(by), may=by.may, now=now, also={"ended_at": now})
    row.refusal = reason.strip()[:LONGEST]
    row.save(update_fields=["refusal_sealed"])
    telling.answered(row, now=now)
    return row


@transaction.atomic
def extend(*, request_id: int, version: int, reason: str, way: str, by: Staff, now: datetime) -> AccessRequest:
    """Take the further time that the law allows (Art. 12(3)), once, with a reason that the player reads, while the first time is not over.

    `way` is how the player is told: `message`, an e-mail that the house writes now, or one that `by` has seen to. The due date moves by the pack in force
    on the day it came. Again, it changes nothing. Raises NotAllowed, Stale, PlayerRefused: over, too_late, reason, way, law_unknown.
    """
    row = _mine(request_id, None, by)
    if row.extended_at is not None:
        return row
    if row.version != version:
        raise Stale(row)
    if row.state not in {"asked", "made"}:
        raise PlayerRefused(_("It was answered already."), code="over")
    if now > row.due_at:
        raise PlayerRefused(_("The player had to be told before it was due. It is overdue: answer it."), code="too_late")
    if not reason.strip():
        raise PlayerRefused(_("Say why, in words that the player may read."), code="reason")
    if way not in dict(EXTENSION_WAYS):
        raise PlayerRefused(_("Choose how the player is told."), code="way")
    if way == MESSAGE and not (said := contact.answer(row.player, contact.EMAIL, contact.SERVICE, now=now)).allowed:
        raise PlayerRefused(_("We cannot write to the player: %(why)s. Tell them another way.") % {"why": said.words}, code="way")
    try:
        number = packs.number(row.player.jurisdiction_id, "privacy.extension_days", on=row.received_at.date())
    except packs.NoPack as missing:
        raise PlayerRefused(str(missing), code="law_unknown") from missing
    before = {"due_at": row.due_at, "by": row.clause}
    row.due_at, row.clause = row.due_at + timedelta(days=number.value), f"{number.pack}: {number.citation}"[:300]
    row.extended_at, row.extension, row.version = now, reason.strip()[:LONGEST], row.version + 1
    row.save(update_fields=["due_at", "clause", "extended_at", "extension_sealed", "version"])
    record(
        "accessrequest.extended", actor=Actor.staff(by), at=now, brand_id=row.brand_id, player_id=row.player_id, subject=(SUBJECT, row.pk), before=before,
        after={"due_at": row.due_at, "by": row.clause, "told": way},
    )  # fmt: skip
    if way == MESSAGE:
        zone = row.player.brand.zone
        words = {"asked": f"{row.received_at.astimezone(zone):%Y-%m-%d}", "due": f"{row.due_at.astimezone(zone):%Y-%m-%d}", "reason": row.extension}
        queue(player=row.player, template=TEMPLATE_EXTENDED, key=f"access:{row.pk}:extended", context=words, now=now)
    telling.extended(row, now=now)
    return row


def of_player(player: Player) -> list[AccessRequest]:
    """The newest few."""
    return list(AccessRequest.objects.filter(player=player).select_related("job", "asked_by").order_by("-pk")[:5])
