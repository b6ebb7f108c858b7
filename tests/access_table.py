"""Who may open what: one row for every URL of the house, held against it by `test_url_table.py`.

`who` is "public", "signed in", or a permission. HOLDERS says which roles have each permission, on purpose a second time:
a default that changes in code has to be changed here too, by somebody who means it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

PUBLIC, SIGNED_IN = "public", "signed in"

PAYMENTS = {"payments-l1", "payments-l2", "head-of-payments"}
EVERYBODY = {"owner", "support", *PAYMENTS, "kyc", "fraud", "compliance", "crm", "games", "finance", "auditor"}

HOLDERS: dict[str, set[str]] = {
    "scope.all_brands": {"owner", "auditor"},
    "audit.view": {"owner", "auditor", "compliance", "head-of-payments"},
    "audit.view_compliance": {"owner", "compliance"},
    "audit.reveal": {"owner", "auditor", "compliance"},
    "players.view": EVERYBODY,
    "players.reveal": {"owner", "support", "kyc", "fraud", "compliance", "payments-l2"},
    "players.import": {"owner", "head-of-payments", "compliance"},
    "players.merge": {"owner", "fraud", "compliance"},
    "wallet.import_balances": {"owner", "head-of-payments"},
    "players.tag": EVERYBODY - {"auditor"},
    "players.restrict": {"owner", "fraud", "compliance", "head-of-payments"},
    "players.message": {"owner", "support", *PAYMENTS, "kyc", "fraud", "compliance", "crm"},
    "players.configure_messages": {"owner", "crm", "compliance", "head-of-payments"},
    "players.tickets": {"owner", "support", "kyc", "fraud", "compliance", "crm", "payments-l2"},
    "players.consents": {"owner", "support", "crm", "compliance"},
    "players.view_instruments": {"owner", *PAYMENTS, "kyc", "fraud", "compliance", "finance", "auditor"},
    "players.edit_profile": {"owner", "support", "kyc", "compliance"},
    "players.secure": {"owner", "support", "fraud", "compliance", "head-of-payments"},
    "players.verify_callers": {"owner", "support", "payments-l1", "kyc", "fraud"},
    "players.configure": {"owner", "fraud", "compliance"},
    "players.view_complaints": {"owner", "support", "compliance", "head-of-payments", "auditor"},
    "players.complaints": {"owner", "support", "compliance"},
    "players.duplicates": {"owner", "fraud", "kyc", "compliance"},
    "players.confirm_instruments": {"owner", *PAYMENTS, "kyc", "fraud"},
    "players.personal_data": {"owner", "compliance"},
    "players.erase": {"owner", "compliance", "head-of-payments"},
    "players.read_kept": {"owner", "compliance"},
    "players.configure_blocks": {"owner", "fraud", "compliance", "head-of-payments"},
    "players.segments": {"owner", "crm", "compliance", "head-of-payments"},
    "wallet.view": {"owner", *PAYMENTS, "fraud", "compliance", "finance", "auditor"},
    "wallet.close_day": {"owner", "finance"},
    "wallet.unclaimed": {"owner", "finance", "compliance"},
    "wallet.statements": {"owner", *PAYMENTS, "compliance", "finance"},
    "payments.view": {"owner", *PAYMENTS, "fraud", "compliance", "finance", "auditor"},
    "payments.view_status": {"owner", "support", "kyc", "crm"},
    "payments.decide": {"owner", *PAYMENTS},
    "payments.refund": {"owner", *PAYMENTS},
    "payments.dispute": {"owner", *PAYMENTS, "fraud"},
    "payments.view_raw": {"owner", "payments-l2", "head-of-payments", "compliance", "auditor"},
    "payments.approve_second": {"owner", "payments-l2", "head-of-payments"},
    "work.share_views": {"owner", "head-of-payments", "compliance"},
    "work.watch": {"owner", *PAYMENTS, "compliance", "fraud", "finance", "support", "auditor"},
    "work.note": EVERYBODY - {"auditor"},
    "work.configure": {"owner", "head-of-payments", "compliance"},
    "work.assign_others": {"owner", "head-of-payments", "compliance", "payments-l2", "kyc", "fraud"},
    "payments.configure": {"owner", "head-of-payments"},
    "approvals.view": EVERYBODY - {"support"},
    "alerts.view": EVERYBODY - {"support"},
    "alerts.handle": {"owner", *PAYMENTS, "fraud", "compliance"},
    "alerts.configure": {"owner", "head-of-payments", "fraud", "compliance"},
    "operations.view": {"owner", "head-of-payments", "compliance", "auditor"},
    "operations.be_told": {"owner"},
    "operations.modes": {"owner", "head-of-payments"},
    "integrations.view_webhooks": {"owner", "head-of-payments", "compliance", "auditor"},
    "integrations.webhooks": {"owner"},
    "approvals.policies": {"owner", "compliance"},
    "scope.packs": {"owner", "compliance"},
    "access.roles": {"owner", "compliance"},
    "jobs.export": EVERYBODY - {"support"},
    "jobs.import": EVERYBODY - {"support", "auditor"},
    "jobs.approve_imports": {"owner", "head-of-payments", "compliance"},
    "jobs.export_unmasked": {"owner", "head-of-payments", "compliance"},
    "jobs.approve_exports": {"owner", "head-of-payments", "compliance"},
    "jobs.view_all": {"owner", "head-of-payments", "compliance", "auditor"},
    "access.view_people": {"owner", "auditor", "compliance"},
    "access.manage_people": {"owner"},
    "access.lift_lockout": {"owner", "head-of-payments"},
}


@dataclass(frozen=True)
class Row:
    who: str
    method: str = "get"
    allow: int = 200  # status for who may
    args: Callable[[Any], list[Any]] = lambda world: []  # arguments of the address, from the test's world
    data: Callable[[Any], dict[str, Any]] = lambda world: {}
    elsewhere: Callable[[Any], list[Any]] | None = None  # the same for an object of a brand out of reach: answers 404
    elsewhere_status: int = 404
    anonymous: int = field(default=302)  # status without a sign-in, for what is not public


def _person(world: Any) -> list[Any]:
    return [world.person.pk]


def _withdrawal(world: Any) -> list[Any]:
    return [world.withdrawal.pk]


def _withdrawal_elsewhere(world: Any) -> list[Any]:
    return [world.elsewhere.pk]


def _fact(world: Any) -> list[Any]:
    return [_fact_of(world.withdrawal)]


def _fact_elsewhere(world: Any) -> list[Any]:
    return [_fact_of(world.elsewhere)]


def _fact_of(withdrawal: Any) -> int:
    from backoffice.audit.models import Event

    return Event.objects.get(type="withdrawal.requested", subject_id=withdrawal.pk).pk


def _of_instrument(who: str, method: str = "get", allow: int = 200, **more: Any) -> "Row":
    mine, theirs = (lambda world: [world.withdrawal.instrument_id]), (lambda world: [world.elsewhere.instrument_id])
    return Row(who, method, allow, args=mine, elsewhere=theirs, **more)


def _decision(world: Any) -> dict[str, Any]:
    return {"outcome": "approved", "reason_code": "CHECKS_OK", "version": world.withdrawal.version, "key": "table", "note": ""}


def _of_segment(who: str, method: str = "get", allow: int = 200) -> "Row":
    return Row(who, method, allow, args=lambda world: [world.segment.pk], elsewhere=lambda world: [world.segment_elsewhere.pk])


def _of_withdrawal(who: str, method: str = "get", allow: int = 200, **more: Any) -> "Row":
    return Row(who, method, allow, args=_withdrawal, elsewhere=_withdrawal_elsewhere, **more)


def _change(world: Any) -> list[Any]:
    return [world.change.pk]


def _change_elsewhere(world: Any) -> list[Any]:
    return [world.change_elsewhere.pk]


def _of_change(who: str, method: str = "get", allow: int = 200, **more: Any) -> "Row":
    return Row(who, method, allow, args=_change, elsewhere=_change_elsewhere, **more)


def _of_player(who: str, method: str = "get", allow: int = 200, **more: Any) -> "Row":
    return Row(who, method, allow, args=lambda world: [world.withdrawal.player_id], elsewhere=lambda world: [world.elsewhere.player_id], **more)


def _of_alert(who: str, method: str = "get", allow: int = 200, **more: Any) -> "Row":
    return Row(who, method, allow, args=lambda world: [world.alert.pk], elsewhere=lambda world: [world.alert_elsewhere.pk], **more)


def _of_endpoint(who: str, method: str = "get", allow: int = 200, **more: Any) -> "Row":
    mine, theirs = (lambda world: [world.delivery.endpoint_id]), (lambda world: [world.delivery_elsewhere.endpoint_id])
    return Row(who, method, allow, args=mine, elsewhere=theirs, **more)


def _of_delivery(who: str, method: str = "get", allow: int = 200, **more: Any) -> "Row":
    return Row(who, method, allow, args=lambda world: [world.delivery.pk], elsewhere=lambda world: [world.delivery_elsewhere.pk], **more)


def _of_job(who: str, method: str = "get", allow: int = 200) -> "Row":
    return Row(who, method, allow, args=lambda world: [world.job.pk], elsewhere=lambda world: [world.job_elsewhere.pk])


def _reason(*more: Any) -> Callable[[Any], list[Any]]:
    return lambda world: ["payments.reason", *more]


def _list(name: str, who: str) -> dict[str, Row]:
    """The addresses of a list that nobody works in."""
    return {
        name: Row(who), f"{name}-live": Row(who), f"{name}-save-view": Row(who, "post", 302, data=lambda world: {"name": "Mine", "query": "view=all"}),
        f"{name}-remove-view": Row(who, "post", 404, args=lambda world: [999_999]),
    }  # fmt: skip


def _queue(many: str, one: str, view: str, work: str, of: Callable[..., Row]) -> dict[str, Row]:
    """The addresses of a queue that is worked on the kit's own page of an item."""
    lists = _list(many, view)
    mine, theirs = of(view).args, of(view).elsewhere
    assert theirs is not None  # noqa: S101
    return {
        **lists, f"{many}-start": Row(work, "post", 303), f"{many}-bulk": Row(work, "post", 200, args=lambda world: ["tag"], data=lambda world: {"ids": []}),
        one: of(view), f"{one}-claim": of(work, "post", 302), f"{one}-release": of(work, "post", 302), f"{one}-heartbeat": of(view, "post", 204),
        f"{one}-take-over": of(work, "post", 302, data=lambda world: {"reason": "Mia has gone home"}), f"{one}-decide": of(work, "post", 422),
        f"{one}-item": Row(work, "post", 302, args=lambda world: [*mine(world), "take"], elsewhere=lambda world: [*theirs(world), "take"]),
    }  # fmt: skip


def _of_duplicate(who: str, method: str = "get", allow: int = 200, **more: Any) -> "Row":
    return Row(who, method, allow, args=lambda world: [world.duplicate.pk], elsewhere=lambda world: [world.duplicate_elsewhere.pk], **more)


def _of_merged(who: str, method: str = "get", allow: int = 200, **more: Any) -> "Row":
    return Row(who, method, allow, args=lambda world: [world.merged.pk], elsewhere=lambda world: [world.merged_elsewhere.pk], **more)


def _of_access(who: str, method: str = "get", allow: int = 200, **more: Any) -> "Row":
    return Row(who, method, allow, args=lambda world: [world.access.pk], elsewhere=lambda world: [world.access_elsewhere.pk], **more)


def _of_deposit(who: str, method: str = "get", allow: int = 200, **more: Any) -> "Row":
    return Row(who, method, allow, args=lambda world: [world.deposit.pk], elsewhere=lambda world: [world.deposit_elsewhere.pk], **more)


def _of_refund(who: str, method: str = "get", allow: int = 200, **more: Any) -> "Row":
    return Row(who, method, allow, args=lambda world: [world.refund.pk], elsewhere=lambda world: [world.refund_elsewhere.pk], **more)


def _of_chargeback(who: str, method: str = "get", allow: int = 200, **more: Any) -> "Row":
    return Row(who, method, allow, args=lambda world: [world.chargeback.pk], elsewhere=lambda world: [world.chargeback_elsewhere.pk], **more)


def _of_exception(who: str, method: str = "get", allow: int = 200, **more: Any) -> "Row":
    return Row(who, method, allow, args=lambda world: [world.exception.pk], elsewhere=lambda world: [world.exception_elsewhere.pk], **more)


def _of_complaint(who: str, method: str = "get", allow: int = 200, **more: Any) -> "Row":
    return Row(who, method, allow, args=lambda world: [world.complaint.pk], elsewhere=lambda world: [world.complaint_elsewhere.pk], **more)


ROWS: dict[str, Row] = {
    # ui
    "ui:home": Row(SIGNED_IN),
    "ui:preference": Row(PUBLIC, "post", 302, data=lambda world: {"theme": "dark"}),
    "ui:styleguide": Row(SIGNED_IN),
    # the installation; setting the mode needs operations.modes (tests/backoffice/operations)
    "operations:live": Row(PUBLIC),
    "operations:ready": Row(PUBLIC),
    "operations:metrics": Row(PUBLIC, allow=404),  # off; with a token it asks for that and not for a session
    "operations:health": Row("operations.view"),
    "operations:probe": Row("operations.view", args=lambda world: ["database.answer"]),
    "operations:mode": Row("operations.view"),
    # sign-in and one's own account
    "account_login": Row(PUBLIC, allow=302),  # a signed-in person is sent home
    "mfa_authenticate": Row(PUBLIC, allow=302),
    "account_logout": Row(PUBLIC, "post", 302),
    "account_inactive": Row(PUBLIC),
    "account_reset_password": Row(PUBLIC),
    "account_reset_password_done": Row(PUBLIC),
    "account_reset_password_from_key": Row(PUBLIC, args=lambda world: ["1", "wrong"]),
    "account_reset_password_from_key_done": Row(PUBLIC),
    "account_reauthenticate": Row(SIGNED_IN),
    "account_change_password": Row(SIGNED_IN),
    "mfa_reauthenticate": Row(SIGNED_IN),
    "mfa_index": Row(SIGNED_IN),
    "mfa_activate_totp": Row(SIGNED_IN, allow=302),  # it is set up already
    "mfa_deactivate_totp": Row(SIGNED_IN),
    "mfa_view_recovery_codes": Row(SIGNED_IN),
    "mfa_generate_recovery_codes": Row(SIGNED_IN),
    "mfa_download_recovery_codes": Row(SIGNED_IN),
    "usersessions_list": Row(SIGNED_IN),
    # people
    "access:scope": Row(SIGNED_IN, "post", 302, data=lambda world: {"brand": world.brand.code}, elsewhere=lambda world: []),
    "access:profile": Row(SIGNED_IN),
    "access:people": Row("access.view_people"),
    "access:roles": Row("access.view_people"),
    "access:person": Row("access.view_people", args=_person),
    "access:add-person": Row("access.manage_people"),
    "access:grant-role": Row("access.manage_people", "post", 302, args=_person, data=lambda world: {"role": world.role.pk, "reason": "Test"}),
    "access:revoke-role": Row("access.manage_people", "post", 302, args=lambda world: [world.person.pk, "support"]),
    "access:grant-reach": Row("access.manage_people", "post", 302, args=_person, data=lambda world: {"brand": world.other_brand.pk}),
    "access:revoke-reach": Row("access.manage_people", "post", 302, args=lambda world: [world.person.pk, world.brand.code]),
    "access:lift-lockout": Row("access.lift_lockout", "post", 302, args=_person),
    "access:reset-second-factor": Row("access.manage_people", "post", 302, args=_person, data=lambda world: {"reason": "Test"}),
    # one's own notices; somebody else's is 404 (tests/backoffice/bell)
    "bell:notices": Row(SIGNED_IN),
    "bell:settings": Row(SIGNED_IN),
    "bell:seen-all": Row(SIGNED_IN, "post", 302),
    "bell:open": Row(SIGNED_IN, "post", 404, args=lambda world: [999_999]),
    "bell:seen": Row(SIGNED_IN, "post", 404, args=lambda world: [999_999]),
    # searching: everybody finds what they may see (tests/backoffice/search)
    "search:results": Row(SIGNED_IN, data=lambda world: {"q": "mia"}),
    "search:palette": Row(SIGNED_IN, data=lambda world: {"q": "mia"}),
    # the record
    "audit:log": Row("audit.view"),
    "audit:fact": Row("audit.view", args=_fact, elsewhere=_fact_elsewhere),
    # changes by approval; who may decide or work on one is said by its policy and its draft (tests/backoffice/approvals)
    "approvals:inbox": Row("approvals.view"),
    "approvals:change": _of_change("approvals.view"),
    "approvals:decide": _of_change("approvals.view", "post", 422),  # an empty form; whom the policy does not name is refused after that
    "approvals:withdraw": _of_change("nobody", "post"),  # its requester alone
    "approvals:edit": _of_change("nobody"),
    "approvals:review": _of_change("nobody"),
    "approvals:settings": Row("approvals.view"),
    "approvals:things": Row("approvals.view", args=_reason()),
    "approvals:history": Row("approvals.view", args=_reason("CHECKS_OK")),
    "approvals:propose-new": Row("payments.configure", args=_reason()),
    "approvals:propose": Row("payments.configure", args=_reason("CHECKS_OK")),
    "approvals:restore": Row("payments.configure", "post", 404, args=_reason("CHECKS_OK", 7)),  # there is no such version
    # withdrawals
    "payments:withdrawals": Row("payments.view"),
    "payments:withdrawals-live": Row("payments.view"),
    "payments:withdrawals-bulk": Row("payments.decide", "post", 200, args=lambda world: ["tag"], data=lambda world: {"ids": [world.withdrawal.pk]}),
    "payments:withdrawals-save-view": Row("payments.view", "post", 302, data=lambda world: {"name": "Large", "query": "least=500"}),
    "payments:withdrawals-remove-view": Row("payments.view", "post", 404, args=lambda world: [999_999]),
    "payments:withdrawal-heartbeat": _of_withdrawal("payments.view", "post", 409, data=lambda world: {"claimed": "1"}),  # nobody holds a claim
    "payments:withdrawal-take-over": _of_withdrawal("payments.decide", "post", 302, data=lambda world: {"reason": "Mia has gone home"}),
    "payments:withdrawal-item": Row(
        "payments.decide",
        "post",
        302,
        args=lambda world: [world.withdrawal.pk, "tag"],
        data=lambda world: {"set-tag": "vip"},
        elsewhere=lambda world: [world.elsewhere.pk, "tag"],
    ),
    "payments:withdrawals-start": Row("payments.decide", "post", 303),
    "payments:withdrawal": _of_withdrawal("payments.view"),
    "payments:withdrawal-claim": _of_withdrawal("payments.decide", "post", 302),
    "payments:withdrawal-release": _of_withdrawal("payments.decide", "post", 302),
    "payments:withdrawal-undo": _of_withdrawal("payments.decide", "post", 302),
    "payments:withdrawal-decide": _of_withdrawal("payments.decide", "post", 303, data=_decision),
    # deposits, what went back of them, and what went another way
    "payments:deposit": _of_deposit("payments.view"),
    "payments:refund-deposit": _of_deposit("payments.refund"),
    "payments:refund": _of_refund("payments.view"),
    **_list("payments:refunds", "payments.view"),
    **_queue("payments:exceptions", "payments:exception", "payments.view", "payments.decide", _of_exception),
    **_queue("payments:chargebacks", "payments:chargeback", "payments.view", "payments.dispute", _of_chargeback),
    # the books
    "wallet:books": Row("wallet.view"),
    "wallet:books-export": Row("wallet.view", "post"),
    "wallet:books-close": Row("wallet.close_day", "post", 302, args=lambda world: [world.brand.code], elsewhere=lambda world: ["fjord"]),
    "wallet:statement": _of_player("wallet.statements"),
    "wallet:hand-over": _of_player("wallet.unclaimed"),
    "wallet:give-back": _of_player("wallet.unclaimed"),
    **_list("wallet:dormant", "wallet.view"),
    "wallet:remit": Row("wallet.unclaimed", args=lambda world: ["nova", "MT", "EUR"], elsewhere=lambda world: ["fjord", "SE", "SEK"]),
    "wallet:remittance": Row("wallet.view", args=lambda world: [world.remittance.pk], elsewhere=lambda world: [world.remittance_elsewhere.pk]),
    "wallet:remittance-paid": Row(
        "wallet.unclaimed", "post", 422, args=lambda world: [world.remittance.pk], elsewhere=lambda world: [world.remittance_elsewhere.pk]
    ),
    "wallet:remittance-cancel": Row(
        "wallet.unclaimed", "post", 422, args=lambda world: [world.remittance.pk], elsewhere=lambda world: [world.remittance_elsewhere.pk]
    ),
    # lists to read
    **_list("players:players", "players.view"),
    # the address is for who sees the list; each verb has a permission of its own (tests/players/test_list.py)
    "players:players-bulk": Row("players.tag", "post", 200, args=lambda world: ["tag"], data=lambda world: {"ids": [world.withdrawal.player_id]}),
    **_list("players:looks", "audit.view"),
    **_list("payments:deposits", "payments.view"),
    # a player's page; what stands on it has permissions of its own (tests/players/test_page.py)
    "players:player": _of_player("players.view"),
    "players:segments": Row("players.view"),
    "players:segment": _of_segment("players.view"),
    "players:segment-compute": _of_segment("players.segments", "post", 302),
    **_list("players:messages", "players.view"),
    "players:message": Row("players.view", args=lambda world: [world.message.pk], elsewhere=lambda world: [world.message_elsewhere.pk]),
    "players:message-resend": Row(
        "players.message",
        "post",
        302,
        args=lambda world: [world.message.pk],
        data=lambda world: {"key": "table"},
        elsewhere=lambda world: [world.message_elsewhere.pk],
    ),
    "players:message-write": _of_player("players.message", data=lambda world: {"template": "support_answer"}),
    "players:tickets": _of_player("players.view"),
    "players:ticket-open": _of_player("players.tickets", "post", 302, data=lambda world: {"subject": "Table", "text": "They called", "key": "table"}),
    "players:ticket": Row("players.view", args=lambda world: [world.ticket.pk], elsewhere=lambda world: [world.ticket_elsewhere.pk]),
    "players:ticket-go-on": Row("players.tickets", "post", 422, args=lambda world: [world.ticket.pk], elsewhere=lambda world: [world.ticket_elsewhere.pk]),
    "players:contact": _of_player("players.view"),
    "players:contact-consent": _of_player("players.consents", "post", 302, data=lambda world: {"channel": "sms", "given": "no", "reason": "Table"}),
    "players:blocks": _of_player("players.view"),
    "players:block-set": _of_player("players.restrict", "post", 302, data=lambda world: {"kinds": ["play"], "reason": "CHARGEBACK"}),
    "players:block-lift": Row(
        "players.restrict",
        "post",
        422,
        args=lambda world: [world.block.player_id, world.block.pk],  # it does not say why
        elsewhere=lambda world: [world.block_elsewhere.player_id, world.block_elsewhere.pk],
    ),
    # work on a profile; an empty form is 422
    "players:edit-profile": _of_player("players.edit_profile"),
    "players:take-back-identity": _of_player("players.edit_profile", "post", 404),  # nothing waits
    "players:account-state": Row(
        "players.restrict",
        args=lambda world: [world.withdrawal.player_id, "closed"],
        elsewhere=lambda world: [world.elsewhere.player_id, "closed"],
    ),
    "players:reactivate": _of_player("players.verify_callers"),
    "players:check-caller": _of_player("players.verify_callers"),
    "players:record-complaint": _of_player("players.complaints"),
    **_queue("players:complaints", "players:complaint", "players.view_complaints", "players.complaints", _of_complaint),
    **_queue("players:duplicates", "players:duplicate", "players.duplicates", "players.duplicates", _of_duplicate),
    "players:merge": _of_duplicate("players.merge"),
    "players:unmerge": _of_merged("players.merge"),
    "players:carry-late": _of_merged("players.merge"),
    "players:end-sessions": _of_player("players.secure"),
    **_list("players:personal-data", "players.personal_data"),
    "players:access": _of_access("players.personal_data"),
    "players:access-make": _of_access("players.personal_data", "post", 302, data=lambda world: {"key": "table"}),
    "players:access-deliver": _of_access("players.personal_data", "post", 422),
    "players:access-extend": _of_access("players.personal_data", "post", 422),
    "players:access-refuse": _of_access("players.personal_data", "post", 422),
    "players:ask-access": _of_player("players.personal_data"),
    "players:erase": _of_player("players.erase"),
    "players:kept": Row("players.read_kept", args=lambda world: [world.kept.pk], elsewhere=lambda world: [world.kept_elsewhere.pk]),
    "players:kept-file": Row(  # it does not say why
        "players.read_kept", "post", 422, args=lambda world: [world.kept.pk, 1], elsewhere=lambda world: [world.kept_elsewhere.pk, 1]
    ),
    "players:reset-credentials": _of_player("players.secure"),
    "players:reveal": Row(
        "players.reveal", args=lambda world: [world.withdrawal.player_id, "email"], elsewhere=lambda world: [world.elsewhere.player_id, "email"]
    ),
    "players:tags": _of_player("players.tag", "post", 302, data=lambda world: {"add": "vip"}),
    # instruments to confirm
    "players:instruments": Row("players.view_instruments"),
    "players:instruments-live": Row("players.view_instruments"),
    "players:instruments-start": Row("players.confirm_instruments", "post", 303),
    "players:instruments-bulk": Row("players.confirm_instruments", "post", 200, args=lambda world: ["tag"], data=lambda world: {"ids": []}),
    "players:instruments-save-view": Row("players.view_instruments", "post", 302, data=lambda world: {"name": "Cards", "query": "kind=card"}),
    "players:instruments-remove-view": Row("players.view_instruments", "post", 404, args=lambda world: [999_999]),
    "players:instrument": _of_instrument("players.view_instruments"),
    "players:instrument-claim": _of_instrument("players.confirm_instruments", "post", 302),
    "players:instrument-take-over": _of_instrument("players.confirm_instruments", "post", 302, data=lambda world: {"reason": "Mia has gone home"}),
    "players:instrument-heartbeat": _of_instrument("players.view_instruments", "post", 204),
    "players:instrument-release": _of_instrument("players.confirm_instruments", "post", 302),
    "players:instrument-item": Row(
        "players.confirm_instruments",
        "post",
        302,
        args=lambda world: [world.withdrawal.instrument_id, "take"],
        elsewhere=lambda world: [world.elsewhere.instrument_id, "take"],
    ),
    "players:instrument-decide": _of_instrument("players.confirm_instruments", "post", 422),
    # jobs: one's own, and others' for who watches or approves them (tests/backoffice/jobs)
    "jobs:jobs": Row(SIGNED_IN),
    "jobs:job": _of_job("jobs.view_all"),
    "jobs:job-progress": _of_job("jobs.view_all", allow=286),  # it waits: nothing moves, so the asking ends
    "jobs:job-cancel": _of_job("nobody", "post"),  # its requester alone
    "jobs:job-take-up": _of_job("nobody", "post"),
    "jobs:job-decide": _of_job("jobs.view_all", "post", 422),  # an empty form
    "jobs:job-file": _of_job("nobody", "post"),
    "jobs:imports": Row("jobs.import"),
    "jobs:import": Row("payments.decide", args=lambda world: ["payments.withdrawal.tags"]),
    "jobs:import-template": Row("payments.decide", args=lambda world: ["payments.withdrawal.tags"]),
    "jobs:import-columns": _of_job("nobody"),  # its requester alone
    "jobs:import-confirm": _of_job("nobody", "post"),
    "jobs:import-rows": Row("nobody", "post", args=lambda world: [world.job.pk, "problems"], elsewhere=lambda world: [world.job_elsewhere.pk, "problems"]),
    "jobs:export": Row("payments.view", args=lambda world: ["payments.withdrawal"]),
    # notes: each is seen by who sees what it is about (tests/backoffice/work/test_notes.py)
    "work:note-write": Row("work.note", "post", 422, data=lambda world: {"about": f"players.player:{world.withdrawal.player_id}", "text": ""}),
    "work:note-people": Row("work.note", data=lambda world: {"q": "so"}),
    "work:note": Row("players.view", args=lambda world: [world.note.pk], elsewhere=lambda world: [world.note_elsewhere.pk]),
    "work:notes": Row(
        "players.view",
        args=lambda world: ["players.player", world.withdrawal.player_id],
        elsewhere=lambda world: ["players.player", world.elsewhere.player_id],
    ),
    "work:attachment": Row(
        "players.view",
        args=lambda world: [world.note.attachments.get().pk],
        elsewhere=lambda world: [world.note_elsewhere.attachments.get().pk],
    ),
    "work:live": Row("work.watch"),
    "work:live-lines": Row("work.watch", allow=204),
    # alerts; one over figures that a person may not see is 404 (tests/backoffice/alerts)
    "alerts:alerts": Row("alerts.view"),
    "alerts:rules": Row("alerts.view"),
    "alerts:alert": _of_alert("alerts.view"),
    "alerts:acknowledge": _of_alert("alerts.handle", "post", 422),
    "alerts:mute": Row("alerts.handle", "post", 302, args=lambda world: [world.alert.rule_id], elsewhere=lambda world: [world.alert_elsewhere.rule_id]),
    "alerts:unmute": Row("alerts.handle", "post", 302, args=lambda world: [world.alert.rule_id], elsewhere=lambda world: [world.alert_elsewhere.rule_id]),
    # webhooks to others
    "integrations:webhooks": Row("integrations.view_webhooks"),
    "integrations:webhook-add": Row("integrations.webhooks"),
    "integrations:webhook": _of_endpoint("integrations.view_webhooks"),
    "integrations:webhook-active": _of_endpoint("integrations.webhooks", "post", 302, data=lambda world: {"active": "1"}),
    "integrations:webhook-delivery": _of_delivery("integrations.view_webhooks"),
    "integrations:webhook-replay": _of_delivery("integrations.webhooks", "post", 302),
    # machines: the API answers 401 to whoever does not sign, whatever their session says
    "integrations:docs": Row(PUBLIC),
    "integrations:openapi": Row(PUBLIC),
    "integrations:nowhere": Row(PUBLIC, allow=404, args=lambda world: ["no-such-thing"]),
    "integrations:provider-webhooks": Row(PUBLIC, "post", 404, args=lambda world: ["nobody"]),
    **{
        f"integrations:platform:{name}": Row(PUBLIC, method, 401, args=lambda world, count=count: [1] * count)
        for name, method, count in (
            ("register", "post", 0),
            ("show", "get", 1),
            ("sign_in", "post", 1),
            ("add", "post", 1),
            ("instruments", "get", 1),
            ("remove", "delete", 2),
            ("show_blocks", "get", 1),
            ("show_contact", "get", 1),
            ("put_ticket", "put", 1),
            ("show_ticket", "get", 1),
            ("keep_consent", "post", 1),
            ("segments", "get", 0),
            ("members", "get", 1),
            ("profile", "get", 1),
            ("list_instructions", "get", 0),
            ("report_instruction", "post", 1),
            ("send_complaint", "post", 1),
            ("show_complaint", "get", 1),
            ("reactivate_account", "post", 1),
            ("ask_for_everything", "post", 1),
            ("show_request", "get", 1),
            ("ask_statement", "post", 1),
            ("show_statement", "get", 2),
            ("statement_file", "get", 2),
            ("show_balances", "get", 1),
            ("begin_deposit", "post", 0),
            ("show_deposit", "get", 1),
            ("ask_for_withdrawal", "post", 0),
            ("list_withdrawals", "get", 0),
            ("show_withdrawal", "get", 1),
            ("cancel", "post", 1),
        )
    },  # fmt: skip
    # people
    "access:set-active": Row("access.manage_people", "post", 302, args=_person, data=lambda world: {"active": "0", "reason": "Test"}),
}

# What the `elsewhere` request sends, where it differs from the allowed one.
ELSEWHERE_DATA: dict[str, Callable[[Any], dict[str, Any]]] = {"access:scope": lambda world: {"brand": world.other_brand.code}}
