"""What every column of words holds, held against the models by tests/players/test_personal_data.py: a new column fails until somebody says what it is.

A table that holds nothing about players stands in NOBODY. Of the others each column has a line: NO (nothing about a person), SEALED (with the
player's key, gone with it), CIPHER (encrypted with a key of the house), or `clear(why, how it goes)`.
"""

from dataclasses import dataclass

NO, SEALED, CIPHER = "no personal data", "sealed with the player's key", "encrypted with a key of the house"


@dataclass(frozen=True)
class Clear:
    """Kept in clear because `why`; `gone` says how it goes, or for how long it stays."""

    why: str
    gone: str


RECORD = Clear("nothing in the record is ever rewritten, and a reason says why something was decided", "stays; screens say not to name the player")
STAFF = Clear("words of colleagues about their own work; screens say to name players by number", "stays with what it is about")
TYPED = Clear("what a colleague typed as a filter", "removed with the view or by its owner")

# Configuration, machinery and people of the house.
NOBODY = {
    "access.Lockout", "access.Role", "access.Staff", "account.EmailAddress", "account.EmailConfirmation", "alerts.Alert", "alerts.Rule", "alerts.Standing",
    "approvals.Policy", "audit.Seal", "audit.SealSubject", "auth.Group", "auth.Permission", "bell.Mail", "bell.Preference", "contenttypes.ContentType",
    "guardian.GroupObjectPermission", "guardian.UserObjectPermission", "integrations.ApiKey", "integrations.Attempt", "integrations.Endpoint",
    "jobs.KnownHeading", "jobs.Part", "mfa.Authenticator", "operations.Change", "operations.Mode", "operations.Pulse", "operations.Standing",
    "operations.Tally", "operations.TallyPlace", "payments.ReasonCode", "players.BlockReason", "players.CallerPolicy", "players.MessageTemplate",
    "players.Segment", "players.SegmentRun", "scope.Brand", "scope.Jurisdiction", "scope.PackVersion", "sessions.Session", "usersessions.UserSession",
    "wallet.Currency", "wallet.ExchangeRate", "work.CannedNote", "work.Capacity", "work.Claim", "work.Handled", "work.Presence",
}  # fmt: skip

_NAMES = Clear("names are searched and shown", "emptied by the erasure, kept under seal until the law lets go")

COLUMNS: dict[str, dict[str, object]] = {
    "approvals.Approval": {"verdict": NO, "reason": STAFF, "key": NO},
    "approvals.ChangeRequest": {
        "kind": NO, "subject": NO, "title": NO, "base": SEALED, "payload": SEALED, "currency": NO, "reason": STAFF, "state": NO, "outcome": NO, "key": NO,
    },
    "approvals.Version": {"kind": NO, "subject": NO, "title": NO, "values": SEALED},
    "audit.Erasure": {"reason": NO},
    "audit.Event": {
        "subject_type": NO, "actor_kind": NO, "actor_label": NO, "type": NO, "session": NO, "request_id": NO,
        "ip": Clear("the address of the colleague or machine that acted, never the player's", "stays"),
        "reason": RECORD, "before": SEALED, "after": SEALED,
    },
    "audit.PersonalKey": {"wrapped": NO},
    "bell.Notice": {"kind": NO, "params": Clear("who of the house did what to which number", "removed after its time"), "url": NO, "key": NO},
    "integrations.ApiAnswer": {"key": NO, "asked": NO, "content_type": NO, "body": Clear("answers hold no names, e-mails or phones", "removed after 30 days")},
    "integrations.Delivery": {"topic": NO, "key": NO, "body": NO, "state": NO},
    "jobs.Import": {"form": NO, "encoding": NO, "delimiter": NO, "sheet": NO, "others": NO, "heads": NO, "columns": NO, "decimal": NO, "tally": NO},
    "jobs.Job": {
        "kind": NO, "code": NO, "title": NO, "spec": TYPED, "reason": STAFF, "brands": NO, "key": NO, "state": NO, "phase": NO, "progress": NO, "outcome": NO,
        "lease": NO, "asked_as": NO, "file": NO, "filename": NO, "sha256": NO,
    },
    "jobs.RowResult": {"outcome": NO, "words": Clear("which row of a file was done", "removed after 30 days")},
    "jobs.Verdict": {"verdict": NO, "reason": STAFF},
    "payments.Chargeback": {
        "provider": NO, "dispute_id": NO, "state": NO, "currency": NO, "reason": NO,
        "note": Clear("what was handed in, or why it was let go", "emptied by the erasure, kept under seal until the law lets go"),
    },
    "payments.Deposit": {
        "currency": NO, "provider": NO, "reference": NO, "provider_id": NO, "state": NO,
        "failure": Clear("the provider's words", "emptied by the erasure, kept under seal until the law lets go"),
        "redirect_url": Clear("the provider's page for this payment", "emptied by the erasure"),
    },
    "payments.PaymentException": {
        "kind": NO, "payment_type": NO, "provider": NO, "reference": NO, "currency": NO, "state": NO, "resolution": NO,
        "detail": Clear("the provider's words about a payment", "emptied by the erasure, kept under seal until the law lets go"),
        "note": Clear("why somebody resolved it so", "emptied by the erasure, kept under seal until the law lets go"),
    },
    "payments.ProviderCall": {
        "payment_type": NO, "provider": NO, "operation": NO, "reference": NO, "outcome": NO,
        "detail": Clear("the provider's words about a payment", "emptied by the erasure, kept under seal until the law lets go"),
    },
    "payments.Refund": {
        "currency": NO, "provider": NO, "reference": NO, "provider_id": NO, "state": NO,
        "reason": Clear("why it was given back", "emptied by the erasure, kept under seal until the law lets go"),
        "failure": Clear("the provider's words", "emptied by the erasure, kept under seal until the law lets go"),
    },
    "payments.WebhookEvent": {
        "provider": NO, "event_id": NO, "kind": NO, "reference": NO, "payment_type": NO,
        "body": Clear("what the provider signed, which may name who pays", "emptied by the erasure, kept under seal until the law lets go"),
        "headers": NO, "outcome": NO,
    },
    "payments.Withdrawal": {
        "currency": NO, "provider": NO, "reference": NO, "provider_id": NO, "state": NO, "decided_by_kind": NO, "reason_code": NO,
        "failure": Clear("the provider's words", "emptied by the erasure, kept under seal until the law lets go"),
        "note": Clear("why somebody decided so", "emptied by the erasure, kept under seal until the law lets go"),
    },
    "players.AccessRequest": {
        "state": NO, "channel": NO, "reason_sealed": SEALED, "external_id": NO, "clause": NO, "key": NO, "sha256": NO, "way": NO, "refusal_sealed": SEALED,
        "extension_sealed": SEALED,
    },
    "players.Address": {"cipher": CIPHER},
    "players.Arrival": {"source": NO, "external_id": Clear("the other system's id: a key that names nobody here", "stays with the accounts"), "digest": CIPHER},
    "players.Block": {
        "kind": NO, "source": NO, "reason": NO, "state": NO, "set_by_label": NO, "note": Clear("shown beside the block", "emptied by the erasure"),
        "ended_why": Clear("shown beside the block", "emptied by the erasure"),
    },
    "players.CallerCheck": {"asked": NO},  # which questions, never what was answered
    "players.Complaint": {
        "category": NO, "channel": NO, "text_cipher": CIPHER, "payment": NO, "external_id": NO, "state": NO, "outcome": NO,
        "reason": Clear("the front end shows it to the player", "emptied by the erasure, kept under seal until the law lets go"),
    },
    "players.Consent": {"channel": NO, "source": NO, "text_version": NO, "reason": Clear("how a colleague knows", "emptied by the erasure")},
    "players.Device": {
        "fingerprint": Clear("other accounts on it are found by it", "overwritten by the erasure"), "label": Clear("shown", "overwritten by the erasure"),
    },
    "players.Dormancy": {"state": NO, "unclaimed_to": NO, "law": NO, "ended_by": NO},
    "players.Duplicate": {"evidence": NO, "judged": NO, "state": NO},
    "players.Erasure": {"kind": NO, "state": NO, "clause": NO},
    "players.Instruction": {
        "kind": NO, "state": NO, "reason": Clear("shown to colleagues", "emptied by the erasure"), "reported_by": NO,
        "detail": Clear("what the front end said", "emptied by the erasure"),
    },
    "players.Instrument": {
        "kind": NO, "label": NO, "provider": NO, "country": NO, "detail_cipher": CIPHER, "detail_digest": CIPHER,
        "token": Clear("the provider's name for it", "overwritten by the erasure, kept under seal until the law lets go"), "holder_name": _NAMES,
        "last4": Clear("found by it", "emptied by the erasure, kept under seal until the law lets go"),
    },
    "players.Kept": {"cipher": CIPHER},
    "players.Merge": {"state": NO, "state_before": NO, "kept": Clear("which blocks, consents and tags were carried over", "emptied by the erasure")},
    "players.Message": {
        "state": NO, "template": NO, "language": NO, "purpose": NO, "subject_sealed": SEALED, "body_sealed": SEALED, "context_sealed": SEALED, "key": NO,
        "error": Clear("the mail server's words, without addresses", "stays"),
    },
    "players.Player": {
        "external_id": Clear("the front end's own id: a key that names nobody here", "stays with the accounts"), "state": NO, "first_name": _NAMES,
        "last_name": _NAMES, "country": NO, "language": NO, "currency": NO, "email_cipher": CIPHER, "email_digest": CIPHER, "mailbox_digest": CIPHER,
        "phone_cipher": CIPHER, "phone_digest": CIPHER,
    },
    "players.SignIn": {"ip": Clear("shared addresses are found by it", "overwritten by the erasure, kept under seal"), "country": NO},
    "players.Ticket": {"external_id": NO, "subject_sealed": SEALED, "state": NO, "link": Clear("its page at the help desk", "emptied by the erasure")},
    "players.TicketMessage": {"external_id": NO, "author": NO, "author_sealed": SEALED, "text_sealed": SEALED},
    "wallet.Account": {"counterparty": NO},
    "wallet.Counter": {"measure": NO},
    "wallet.Hold": {"state": NO, "key": NO},
    "wallet.Remittance": {"whom": NO, "state": NO, "bank": NO, "reference": NO},
    "wallet.Statement": {"timezone": NO, "language": NO, "form": NO, "key": NO, "sha256": NO},
    "wallet.Transaction": {"key": NO, "meta": NO},
    "wallet.Wallet": {"frozen_reason": Clear("shown beside the freeze", "emptied by the erasure")},
    "work.Answer": {"scope": NO, "key": NO, "content": NO, "answer": NO},
    "work.Attachment": {"name_sealed": SEALED, "kind": NO, "sha256": NO, "stored": NO},
    "work.Item": {"subject_type": NO, "escalated_to": NO, "tags": Clear("found by them", "emptied by the erasure")},
    "work.Note": {"subject_type": NO, "text_sealed": SEALED, "mentions": NO, "key": NO},
    "work.NoteVersion": {"text_sealed": SEALED},
    "work.SavedView": {"subject_type": NO, "name": TYPED, "query": TYPED, "role": NO},
}  # fmt: skip
