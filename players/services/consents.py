"""The only writes to consents."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from players import locks
from players.models import Consent, Player
from players.services import PlayerRefused
from players.telling import contact_changed

STAFF = "staff"


@transaction.atomic
def record_consent(
    *, player_id: int, channel: str, given: bool, source: str, text_version: str = "", reason: str = "", at: datetime | None = None, by: Actor, now: datetime
) -> Consent:
    """Keep a player's yes or no to marketing by one channel, said at `at` (now when absent). The same again is no second line.

    Raises PlayerRefused: channel_unknown, consent_words (a yes names the version of its words), consent_reason (staff say why),
    consent_future; Player.DoesNotExist.
    """
    player, said_at = locks.player(player_id), at or now
    _check(channel, given, text_version, reason, said_at, by=by, now=now)
    last = Consent.objects.filter(player=player, channel=channel).order_by("-at", "-pk").first()
    same = last is not None and (last.given, last.source, last.text_version) == (given, source, text_version.strip())
    if last is not None and same and (at is None or last.at == at):
        return last
    consent = _keep(player, channel, given, source, text_version, reason, said_at, last, by=by, now=now)
    contact_changed(player, key=f"consent:{consent.pk}", now=now)
    return consent


def first_consents(
    player: Player, said: Iterable[tuple[str, bool, datetime]], *, source: str, text_version: str, reason: str, by: Actor, now: datetime
) -> None:
    """What a player who is made in this transaction agreed to elsewhere: (channel, yes or no, when). Who listens is told once, of all of it.

    Raises PlayerRefused as `record_consent`.
    """
    kept = None
    for channel, given, at in said:
        words = text_version if given else ""
        _check(channel, given, words, reason, at, by=by, now=now)
        kept = _keep(player, channel, given, source, words, reason, at, None, by=by, now=now)
    if kept is not None:
        contact_changed(player, key=f"consent:{kept.pk}", now=now)


def _check(channel: str, given: bool, text_version: str, reason: str, said_at: datetime, *, by: Actor, now: datetime) -> None:
    if channel not in dict(Consent.CHANNELS):
        raise PlayerRefused(_("There is no such channel."), code="channel_unknown")
    if given and not text_version.strip():
        raise PlayerRefused(_("Say which version of the words the player agreed to."), code="consent_words")
    if by.kind == "staff" and not reason.strip():
        raise PlayerRefused(_("Say how the player told you."), code="consent_reason")
    if said_at > now:
        raise PlayerRefused(_("A consent is not given in the future."), code="consent_future")


def _keep(
    player: Player, channel: str, given: bool, source: str, text_version: str, reason: str, said_at: datetime, last: Consent | None, *, by: Actor, now: datetime
) -> Consent:
    consent = Consent.objects.create(
        brand_id=player.brand_id, player=player, channel=channel, given=given, at=said_at, source=source, text_version=text_version.strip(),
        reason=reason.strip()[:400], by_id=by.id if by.kind == "staff" else None, kept_at=now,
    )  # fmt: skip
    record(
        "consent.given" if given else "consent.withdrawn", actor=by, at=now, brand_id=player.brand_id, player_id=player.pk, subject=consent,
        before={"given": last.given} if last is not None else None,
        after={
            "channel": channel, "given": given, "said_at": said_at, "source": source, "text_version": text_version.strip(),
            **({"note": reason.strip()[:400]} if reason.strip() else {}),
        },
    )  # fmt: skip
    return consent
