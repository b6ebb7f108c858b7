"""Saved views: a query of a queue under a name, of one person or shared with the holders of a role."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from backoffice.access.models import Role
from backoffice.audit.actors import Actor
from backoffice.audit.record import record
from backoffice.work.items import NotPossible
from backoffice.work.models import SavedView

MOST = 20  # of one person in one queue
SHARE = "work.share_views"


def of(staff: Any, subject_type: str) -> QuerySet[SavedView]:
    """A person's own views of a queue, and those shared with their roles."""
    mine, shared = Q(owner=staff, role=""), Q(role__in=staff.role_codes)
    return SavedView.objects.filter(mine | shared, subject_type=subject_type).select_related("owner")


@transaction.atomic
def save(*, subject_type: str, name: str, query: str, role: str = "", locked: bool = False, by: Any, now: datetime) -> SavedView:
    """Keep a query under a name; the same name again replaces it. Raises NotPossible."""
    name = " ".join(name.split())
    if not name or len(name) > 40:  # noqa: PLR2004 (the column's width)
        raise NotPossible(_("A view has a name of 1 to 40 characters."))
    if len(query) > 600:  # noqa: PLR2004 (the column's width)
        raise NotPossible(_("This view has too many filters to be saved."))
    if role:
        if not by.may(SHARE):
            raise NotPossible(_("Sharing a view is for people who may share views."))
        if not Role.objects.filter(code=role).exists():
            raise NotPossible(_("There is no such role."))
    mine = SavedView.objects.select_for_update(of=("self",)).filter(subject_type=subject_type, name=name, role=role)
    known = (mine if role else mine.filter(owner=by)).first()
    if known is None:
        if not role and SavedView.objects.filter(subject_type=subject_type, owner=by, role="").count() >= MOST:
            raise NotPossible(_("You have %(most)s views of this queue. Remove one first.") % {"most": MOST})
        try:
            with transaction.atomic():
                view = SavedView.objects.create(subject_type=subject_type, name=name, query=query, owner=by, role=role, locked=locked, created_at=now)
        except IntegrityError as twice:
            raise NotPossible(_("This view was saved at the same moment by somebody else. Look again.")) from twice
    else:
        _changeable(known, by)
        known.query, known.locked = query, locked
        known.save(update_fields=["query", "locked"])
        view = known
    if role:  # a private view concerns nobody else
        after = {"name": name, "query": query, "role": role, "locked": locked}
        record("work.view_shared", actor=Actor.staff(by), at=now, subject=("work.savedview", view.pk), after=after)
    return view


@transaction.atomic
def remove(*, view_id: int, by: Any, now: datetime) -> None:
    """Raises NotPossible for somebody else's locked view, SavedView.DoesNotExist for one that this person does not see."""
    view = SavedView.objects.select_for_update(of=("self",)).get(pk=view_id)
    if not of(by, view.subject_type).filter(pk=view_id).exists():
        raise SavedView.DoesNotExist
    _changeable(view, by)
    if view.role:
        before = {"name": view.name, "query": view.query, "role": view.role}
        record("work.view_removed", actor=Actor.staff(by), at=now, subject=("work.savedview", view.pk), before=before)
    view.delete()


def _changeable(view: SavedView, by: Any) -> None:
    if view.role and view.owner_id != by.pk and (view.locked or not by.may(SHARE)):
        raise NotPossible(_("This view belongs to %(name)s. Save it under another name.") % {"name": view.owner.name})
