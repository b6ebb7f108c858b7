"""States of a player's account and of what is theirs: blocks, instructions, complaints, requests about personal data, pairs that look like one person's,
and of runs of segments."""

from backoffice.audit.lifecycle import Lifecycle

PLAYER = Lifecycle(
    "players.player",
    active={"suspended": "players.restrict", "closed": "players.restrict"},
    suspended={"active": "players.restrict", "closed": "players.restrict"},
    closed={"active": "players.restrict"},
)
BLOCK = Lifecycle("players.block", active={"lifted": "players.restrict", "expired": "system"}, final={"lifted", "expired"})
INSTRUCTION = Lifecycle("players.instruction", requested={"confirmed": "system", "failed": "system"}, final={"confirmed", "failed"})
COMPLAINT = Lifecycle(
    "players.complaint",
    received={"acknowledged": "players.complaints", "answered": "players.complaints", "withdrawn": "players.complaints"},
    acknowledged={"answered": "players.complaints", "escalated": "players.complaints", "withdrawn": "players.complaints"},
    escalated={"answered": "players.complaints", "withdrawn": "players.complaints"},
    final={"answered", "withdrawn"},
)
DUPLICATE = Lifecycle(
    "players.duplicate",
    open={"confirmed": "players.duplicates", "dismissed": "players.duplicates"},
    dismissed={"open": "system"},  # they share more than when it was judged
    final={"confirmed"},
)
# Made again when the file was removed before it reached the player.
ACCESS = Lifecycle(
    "players.accessrequest",
    asked={"made": "system", "refused": "players.personal_data"},
    made={"delivered": "players.personal_data", "asked": "players.personal_data", "refused": "players.personal_data"},
    final={"delivered", "refused"},
)  # fmt: skip
ERASURE = Lifecycle("players.erasure", due={"kept": "system", "gone": "system"}, kept={"gone": "system"}, final={"gone"})
SEGMENT_RUN = Lifecycle(
    "players.segmentrun", running={"done": "system", "failed": "system", "superseded": "system"}, final={"done", "failed", "superseded"},
)  # fmt: skip
