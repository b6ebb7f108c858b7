"""Tags on a queue's items from a file: every queue has it, from what it declares."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.access.models import Staff
from backoffice.jobs.imports.declared import ImportKind, Problem, Refused, Scope, Values
from backoffice.jobs.imports.fields import Field, choice, text, whole
from backoffice.work import items
from backoffice.work.items import NotPossible, Subject
from backoffice.work.queues import Queue

ADD, REMOVE = "add", "remove"


def tags_of(queue: Queue) -> ImportKind:
    def load(rows: Sequence[Values], scope: Scope) -> dict[int, Any]:
        return queue.rows(scope.staff).in_bulk([row["item"] for row in rows])

    def check(values: Values, loaded: dict[int, Any]) -> Iterable[Problem]:
        if values["item"] not in loaded:
            yield Problem("item", _("There is no such item within your brands."), _("Take the number from an export of the queue."))
        if not _tags(values):
            yield Problem("tags", _("There is nothing but commas in it."), _("Write at least one tag."))
        for tag in _tags(values):
            try:
                items.clean_tag(tag)
            except NotPossible as why:
                yield Problem("tags", str(why), _("Shorten it."))

    def commit(values: Values, loaded: dict[int, Any], *, by: Staff, now: datetime, key: str) -> str:
        tags, removes = _tags(values), values["action"] == REMOVE
        try:
            done = items.tag(Subject.of(queue.subject, loaded[values["item"]]), add=[] if removes else tags, remove=tags if removes else [], by=by, now=now)
        except NotPossible as why:
            raise Refused(str(why)) from why
        return ", ".join(done.tags)

    return ImportKind(
        code=f"{queue.subject}.tags", title=format_lazy("{}: {}", queue.title, gettext_lazy("tags")),
        about=gettext_lazy("Adds tags to items of the queue, or removes them. Done again, it changes nothing."), permission=queue.tags,
        load=load, check=check, commit=commit,
        fields=(
            Field(
                key="item", label=gettext_lazy("Number"), type=whole(), required=True, help=gettext_lazy("The number that an export of the queue has"),
                aliases=("id", "item"),
            ),
            Field(
                key="tags", label=gettext_lazy("Tags"), type=text(400), required=True, help=gettext_lazy("One, or several parted by commas"), aliases=("tag",)
            ),
            Field(
                key="action", label=gettext_lazy("Action"), type=choice({ADD: gettext_lazy("Add"), REMOVE: gettext_lazy("Remove")}),
                help=gettext_lazy("add, or remove; empty means add"),
            ),
        ),
    )  # fmt: skip


def _tags(values: Values) -> list[str]:
    return [tag.strip() for tag in values["tags"].split(",") if tag.strip()]
