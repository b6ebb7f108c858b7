"""What the app's login may do to notes: they are written and reworded, their earlier words and their files stay."""

from backoffice.runtime import rights


def declare() -> None:
    rights.restrict("work_note", "SELECT, INSERT, UPDATE (text_sealed, mentions, edited_at, version)")
    rights.restrict("work_noteversion", "SELECT, INSERT")
    rights.restrict("work_attachment", "SELECT, INSERT")
