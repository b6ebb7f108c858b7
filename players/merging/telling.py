"""What front ends are told of merges: sign-ins lead to the account that stays. A message names no personal value."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from backoffice.integrations.webhooks import topics
from backoffice.integrations.webhooks.services import publish
from players.models import Merge
from players.profile.telling import state_changed

MERGED, UNMERGED = "player.merged", "player.unmerged"


def register() -> None:
    topics.register(
        topics.Topic(MERGED, _("An account was merged into another one of the same person")), topics.Topic(UNMERGED, _("A merge of two accounts was undone"))
    )  # fmt: skip


def _data(made: Merge) -> dict[str, object]:
    return {
        "player_id": made.goes_id, "external_id": made.goes.external_id, "into": {"player_id": made.stays_id, "external_id": made.stays.external_id},
    }  # fmt: skip


def merged(made: Merge, *, now: datetime) -> None:
    state_changed(made.goes, now=now)
    publish(topic=MERGED, data=_data(made), key=f"{MERGED}:{made.pk}", now=now, brand_id=made.brand_id)


def unmerged(made: Merge, *, now: datetime) -> None:
    state_changed(made.goes, now=now)
    publish(topic=UNMERGED, data=_data(made), key=f"{UNMERGED}:{made.pk}", now=now, brand_id=made.brand_id)
