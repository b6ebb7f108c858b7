"""What the app's login may do to the record: add facts and read them."""

from backoffice.runtime import rights

# The columns that a writer may choose. Id, transaction id, epoch and recorded time are the database's.
EVENT_COLUMNS = (
    "happened_at", "brand_id", "player_id", "subject_type", "subject_id", "actor_kind", "actor_id", "actor_label", "authorised_by_id",
    "visibility", "type", "ip", "session", "request_id", "reason", "before", "after",
)  # fmt: skip


def declare() -> None:
    rights.restrict("audit_event", f"SELECT, INSERT ({', '.join(EVENT_COLUMNS)})")
    for table in ("audit_position", "audit_range", "audit_seal", "audit_sealsubject"):
        rights.restrict(table, "SELECT, INSERT")
    rights.restrict("audit_epoch", "SELECT")
    rights.restrict("audit_erasure", "SELECT, INSERT")
    rights.allow_function("make_partitions(regclass, integer)")
