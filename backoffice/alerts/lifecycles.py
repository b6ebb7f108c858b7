"""What may follow what in the life of an alert. It resolves by itself alone: nobody clicks a problem away."""

from backoffice.audit.lifecycle import Lifecycle

SUBJECT = "alerts.alert"
RULE = "alerts.rule"
HANDLE = "alerts.handle"

ALERT = Lifecycle(
    SUBJECT,
    firing={"acknowledged": HANDLE, "muted": HANDLE, "resolved": "system"},
    acknowledged={"muted": HANDLE, "resolved": "system"},
    muted={"firing": HANDLE, "acknowledged": HANDLE, "resolved": "system"},
    final={"resolved"},
)
TONES = {"firing": ("critical", 1), "acknowledged": ("attention", 1), "muted": ("neutral", 1), "resolved": ("success", 2)}
