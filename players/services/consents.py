"""The only writes to consents."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from players import locks
from players.models import Consent
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
    if channel not in dict(Consent.CHANNELS):
        raise PlayerRefused(_("There is no such channel."), code="channel_unknown")
    if given and not text_version.strip():
        raise PlayerRefused(_("Say which version of the words the player agreed to."), code="consent_words")
    if by.kind == "staff" and not reason.strip():
        raise PlayerRefused(_("Say how the player told you."), code="consent_reason")
    if said_at > now:
        raise PlayerRefused(_("A consent is not given in the future."), code="consent_future")
    last = Consent.objects.filter(player=player, channel=channel).order_by("-at", "-pk").first()
    same = last is not None and (last.given, last.source, last.text_version) == (given, source, text_version.strip())
    if last is not None and same and (at is None or last.at == at):
        return last
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
    contact_changed(player, key=f"consent:{consent.pk}", now=now)
    return consent
