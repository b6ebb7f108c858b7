"""Exports of the lists that lower rooms show: the audit log, people, changes by approval. They know nothing of files."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.access.models import Staff
from backoffice.approvals import selectors as changes
from backoffice.approvals.models import ChangeRequest
from backoffice.audit import personal
from backoffice.audit import selectors as facts
from backoffice.audit.models import Event
from backoffice.jobs.exports.columns import Column, mask_address, mask_name, moment, text, whole
from backoffice.jobs.exports.columns import personal as about_a_person
from backoffice.jobs.exports.sources import Source, sources

FACT_FILTERS = ("type", "actor_kind", "actor", "player", "subject", "request", "since", "until")
CHANGE_FILTERS = ("view", "q", "kind", "state")


def only(query: QueryDict, names: Iterable[str]) -> list[tuple[str, str]]:
    return [(name, str(query[name])) for name in names if query.get(name)]


def _hidden(values: str | None) -> str:
    """Before and after as they are kept; personal values stay encrypted, and so are left out."""
    found = json.loads(values or "{}")
    return json.dumps(
        {name: "•••" if isinstance(value, str) and value.startswith(personal.MARK) else value for name, value in found.items()}, ensure_ascii=False
    )


FACTS = Source(
    code="audit.event", title=_("Audit log"), permission="audit.view", url=lambda: reverse("audit:log"),
    matching=lambda staff, query, _now: facts.facts(staff, facts.Filters.read(query)),
    rows=lambda staff: Event.objects.visible_to(staff),
    filters=lambda query: [(label, value) for _name, label, value in facts.Filters.read(query).chips()],
    kept=lambda query: only(query, FACT_FILTERS),
    page=lambda staff, query, _now: [row.pk for row in facts.page(staff, facts.Filters.read(query)).rows],
    columns=(
        Column("id", _("Number"), whole(lambda row: row.pk)), Column("happened_at", _("When"), moment(lambda row: row.happened_at)),
        Column("type", _("What"), text(lambda row: row.type)), Column("actor_kind", _("Actor"), text(lambda row: row.actor_kind)),
        Column("actor", _("Who"), text(lambda row: row.actor_label)), Column("subject_type", _("About"), text(lambda row: row.subject_type)),
        Column("subject_id", _("About, number"), whole(lambda row: row.subject_id)), Column("player_id", _("Player"), whole(lambda row: row.player_id)),
        Column("brand_id", _("Brand, number"), whole(lambda row: row.brand_id)), Column("reason", _("Reason"), text(lambda row: row.reason)),
        Column("before", _("Before"), text(lambda row: _hidden(row.before))), Column("after", _("After"), text(lambda row: _hidden(row.after))),
        Column("ip", _("Address"), about_a_person(lambda row: row.ip)), Column("request_id", _("Request"), text(lambda row: row.request_id)),
        Column("recorded_at", _("Recorded"), moment(lambda row: row.recorded_at)),
    ),
)  # fmt: skip


def _people(_staff: Any) -> QuerySet[Staff]:
    return Staff.objects.with_roles()


PEOPLE = Source(
    code="access.staff", title=_("People"), permission="access.view_people", url=lambda: reverse("access:people"),
    matching=lambda staff, _query, _now: _people(staff), rows=_people, filters=lambda _query: [], kept=lambda _query: [],
    columns=(
        Column("id", _("Number"), whole(lambda row: row.pk)), Column("name", _("Name"), about_a_person(lambda row: row.name, mask_name)),
        Column("email", _("E-mail"), about_a_person(lambda row: row.email, mask_address)),
        Column("roles", _("Roles"), text(lambda row: row.role_names)), Column("active", _("Active"), text(lambda row: row.is_active)),
        Column("joined_at", _("Joined"), moment(lambda row: row.joined_at)), Column("last_sign_in", _("Last sign-in"), moment(lambda row: row.last_login)),
    ),
)  # fmt: skip


def _changes_of(staff: Any, query: QueryDict, now: datetime) -> QuerySet[ChangeRequest]:
    return changes.base(staff, changes.Filters.read(query), now=now)


def _change_words(query: QueryDict) -> list[tuple[str, str]]:
    labels = {"view": _("View"), "q": _("Search"), "kind": _("What"), "state": _("State")}
    return [(str(labels[name]), value) for name, value in only(query, CHANGE_FILTERS)]


def _with_people(staff: Any) -> QuerySet[ChangeRequest]:
    return ChangeRequest.objects.visible_to(staff).select_related("brand", "requested_by").prefetch_related("approvals__staff")


def _said(row: ChangeRequest) -> Sequence[str]:
    return [f"{one.staff.name}: {one.verdict}" for one in row.approvals.all()]


CHANGES = Source(
    code="approvals.change", title=_("Changes by approval"), permission="approvals.view", url=lambda: reverse("approvals:inbox"),
    matching=_changes_of, rows=_with_people, filters=_change_words, kept=lambda query: only(query, CHANGE_FILTERS),
    page=lambda staff, query, now: [row.pk for row in changes.page(staff, changes.Filters.read(query), now=now).rows],
    columns=(
        Column("id", _("Number"), text(lambda row: row.name)), Column("title", _("Change"), text(lambda row: row.title)),
        Column("kind", _("What"), text(lambda row: row.kind)), Column("brand", _("Brand"), text(lambda row: row.brand.code if row.brand else "")),
        Column("state", _("State"), text(lambda row: row.state)), Column("reason", _("Reason"), text(lambda row: row.reason)),
        Column("requested_by", _("Asked by"), text(lambda row: row.requested_by.name if row.requested_by else "")),
        Column("submitted_at", _("Asked"), moment(lambda row: row.submitted_at)), Column("needed", _("Approvals needed"), whole(lambda row: row.needed)),
        Column("approvals", _("Decided by"), text(_said)), Column("effective_at", _("In force from"), moment(lambda row: row.effective_at)),
        Column("applied_at", _("Came into force"), moment(lambda row: row.applied_at)), Column("outcome", _("Outcome"), text(lambda row: row.outcome)),
    ),
)  # fmt: skip


def register() -> None:
    sources.register(FACTS, PEOPLE, CHANGES)
