"""One of everything that has an address, in a brand of the reader's and in one out of reach. What tests/access_table.py asks for."""

from types import SimpleNamespace
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from backoffice.access.models import Role, Staff
from backoffice.approvals.models import Policy
from backoffice.approvals.registry import registry
from backoffice.approvals.services import drafts
from backoffice.jobs.exports.asking import request_export
from backoffice.jobs.models import Job
from backoffice.scope.models import Brand
from backoffice.work.notes import files, services
from players.places import player_subject
from tests.backoffice.alerts.tools import delivered, fired
from tests.casino import new_withdrawal, open_casino
from tests.people import make_brand, make_person


def open_world() -> SimpleNamespace:
    return furnish(open_casino())


def furnish(brand: Brand) -> SimpleNamespace:
    """The same in a casino that is open."""
    other = make_brand("fjord", market="SE")
    withdrawal, elsewhere = new_withdrawal(brand), new_withdrawal(other, currency="SEK")
    person = make_person("support", brands=[brand], name="Sofia Marin")
    make_person("owner", name="Keeps Owning")
    change, change_elsewhere = (proposed_policy(one) for one in (brand, other))
    alert, alert_elsewhere = (fired(one) for one in (brand, other))
    delivery, delivery_elsewhere = (delivered(one) for one in (brand, other))
    return SimpleNamespace(
        brand=brand, other_brand=other, person=person, role=Role.objects.get(code="kyc"), withdrawal=withdrawal, elsewhere=elsewhere, change=change,
        change_elsewhere=change_elsewhere, alert=alert, alert_elsewhere=alert_elsewhere, delivery=delivery, delivery_elsewhere=delivery_elsewhere,
        job=waiting_job(brand), job_elsewhere=waiting_job(other), note=noted(withdrawal), note_elsewhere=noted(elsewhere),
    )  # fmt: skip


def proposed_policy(brand: Any) -> Any:
    """A change of a brand's own, in review."""
    asker = make_person("compliance", brands=[brand])
    return drafts.submit(change_id=drafted_policy(brand, asker).pk, version=1, reason="Table", by=asker, now=timezone.now())


def drafted_policy(brand: Any, asker: Staff) -> Any:
    own = Policy.objects.get(kind="payments.withdrawal", brand=brand)
    values = {**registry.kind("approvals.policy").current(str(own.pk)), "amounts": {"EUR": "5000"}}
    return drafts.draft(kind="approvals.policy", subject=str(own.pk), values=values, by=asker, key="table", now=timezone.now())


def waiting_job(brand: Any) -> Job:
    """An export that waits for approval, in a brand's own file."""
    head, now = make_person("head-of-payments", brands=[brand]), timezone.now()
    return request_export(
        code="payments.withdrawal", query=QueryDict("view=all"), scope="all", columns=["player"], form="csv", masked=False, reason="Table", by=head,
        key="table", now=now,
    )  # fmt: skip


def noted(withdrawal: Any) -> Any:
    """A note with a file about the player of a withdrawal."""
    author = make_person("payments-l1", brands=[withdrawal.brand])
    file = files.Upload("call.txt", b"They called at noon.")
    return services.write(player_subject(withdrawal.player), text="Called the player.", by=author, now=timezone.now(), key="table", uploads=[file])
