"""States of a player's account, of blocks, instructions, complaints, pairs of accounts that look like one person's, and of runs of segments."""

from backoffice.audit.lifecycle import Lifecycle

PLAYER = Lifecycle(
    "players.player",
    active={"suspended": "players.restrict", "closed": "players.restrict", "merged": "players.merge"},
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
    dismissed={"open": "system"},  # they share more than when it was judged
    final={"confirmed"},
)
MERGE = Lifecycle("players.merge", merged={"undone": "players.merge"}, final={"undone"})
SEGMENT_RUN = Lifecycle(
    "players.segmentrun", running={"done": "system", "failed": "system", "superseded": "system"}, final={"done", "failed", "superseded"},
)  # fmt: skip
