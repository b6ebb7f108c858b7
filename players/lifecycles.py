"""States of a player's account and of what is theirs: dormancy, blocks, instructions, complaints, requests about personal data, pairs that look like
one person's, merges; and of runs of segments."""

from backoffice.audit.lifecycle import Lifecycle

PLAYER = Lifecycle(
    "players.player",
    active={"suspended": "players.restrict", "closed": "players.restrict", "dormant": "system", "merged": "players.merge"},
    dormant={"active": "system", "closed": "players.restrict"},  # active again by who has proved to be the player (players/dormancy)
    suspended={"active": "players.restrict", "closed": "players.restrict", "merged": "players.merge"},
    closed={"active": "players.restrict", "merged": "players.merge"},
    # Back to what it was, by undoing the merge alone.
    merged={"active": "players.merge", "suspended": "players.merge", "closed": "players.merge"},
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
    dismissed={"open": "system", "confirmed": "players.duplicates"},  # open again when they share more than when it was judged
    confirmed={"dismissed": "players.duplicates"},  # judged anew, while nothing is merged
)
DORMANCY = Lifecycle(
    "players.dormancy",
    noticed={"dormant": "system", "ended": "system"},
    dormant={"handed_over": "system", "ended": "system"},
    handed_over={"ended": "system"},  # given back
    final={"ended"},
)

MERGE = Lifecycle("players.merge", merged={"undone": "players.merge"}, final={"undone"})

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
