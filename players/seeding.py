"""Work on profiles for the demo: complaints, a change that waits, something asked of the front end, two accounts that look like one person's."""

from datetime import timedelta

from django.utils import timezone

from backoffice.access import demo
from backoffice.audit.actors import Actor
from backoffice.runtime.seeders import Seeder, seeders
from players.complaints.services import acknowledge_complaint, record_complaint
from players.duplicates import finding
from players.messages import demo as messages
from players.models import Complaint, Player
from players.profile.edits import edit_profile
from players.profile.instructions import end_sessions
from players.segments import demo as segments
from players.services.registration import record_sign_in

COMPLAINTS = (
    ("payments", "website", 30, "My withdrawal has been waiting for two days and nobody answers."),
    ("service", "phone", 6, "I was cut off twice on the phone."),
    ("bonuses", "email", 2, "The free spins that the letter promised never came."),
)  # fmt: skip


def profiles() -> str:
    """Once: what people did since then stays."""
    people = list(Player.objects.counted().filter(state="active", dormancies=None).select_related("brand").order_by("pk")[:8])
    if Complaint.objects.filter(external_id__startswith="demo-").exists() or len(people) < 8:  # noqa: PLR2004 (as many as are used)
        return "nothing to add"
    now, sofia = timezone.now(), demo.find("support")
    for player, (category, channel, hours, text) in zip(people, COMPLAINTS, strict=False):
        by = Actor.integration(f"{player.brand.name} web") if channel == "website" else Actor.staff(sofia)
        made = record_complaint(
            player_id=player.pk, category=category, channel=channel, text=text, external_id=f"demo-{category}", received_at=now - timedelta(hours=hours),
            by=by, now=now,
        )  # fmt: skip
        if channel == "phone":
            acknowledge_complaint(complaint_id=made.pk, by=sofia, now=now)
    moved, lost, one, other = people[3:7]
    edit_profile(
        player_id=moved.pk, version=moved.version, said={"email": f"new.{moved.pk}@mail.example", "city": "Sliema"}, reason="Has a new mailbox and moved",
        key="demo", by=sofia, now=now,
    )  # fmt: skip
    end_sessions(player_id=lost.pk, reason="Lost the phone on a train", by=sofia, now=now)
    for player in (one, other):
        record_sign_in(
            player_id=player.pk, fingerprint="demo-shared-device", device_label="iPhone, Safari", ip="192.0.2.77", by=Actor.player(player.pk), now=now
        )
    while finding.sweep(now=now):
        pass
    return f"{len(COMPLAINTS)} complaints, a change and a pair to judge"


seeders.register(Seeder("Work on profiles", 95, profiles))
seeders.register(Seeder("What players agreed to and asked", 96, messages.run))
seeders.register(Seeder("Segments", 97, segments.run))
