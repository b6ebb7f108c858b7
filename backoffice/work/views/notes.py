"""Notes on their own pages: writing one, all about something, one with its earlier wordings, its files; and whom a text may mention."""

import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from backoffice.access.decorators import permission_required
from backoffice.access.models import Staff
from backoffice.audit.sealed import hand_on
from backoffice.ui import numbers, toasts
from backoffice.work import canned
from backoffice.work.forms import NoteForm
from backoffice.work.items import NotPossible, Subject
from backoffice.work.models import Attachment, Note
from backoffice.work.notes import files, mentions, places, selectors, services

SUGGESTED = 8


def notes_context(request: HttpRequest, subjects: Sequence[Subject]) -> dict[str, Any]:
    """What a page says of notes about these (templates/work/_notes.html); a new one is about the first. One query."""
    return {"notes": selectors.about(request.user, subjects), **writing_context(request, subjects)}


def writing_context(request: HttpRequest, subjects: Sequence[Subject]) -> dict[str, Any]:
    """What the form of a new note needs (templates/work/notes/_form.html)."""
    may_note = request.user.may("work.note")  # type: ignore[union-attr]
    return {
        "note_subjects": subjects, "may_note": may_note, "note_key": uuid.uuid4().hex,
        "note_next": request.get_full_path() if request.method == "GET" else "", "note_kinds": files.KINDS,
        "may_hide": request.user.may("audit.view_compliance"),  # type: ignore[union-attr]
        "canned": canned.of(subjects[-1].type) if may_note else [],
    }  # fmt: skip


def _seen(request: HttpRequest, subject_type: str, pk: int) -> Subject:
    subject = places.find(request.user, subject_type, pk)
    if subject is None:
        raise Http404(_("There is no such thing in your brands."))
    return subject


def _back(request: HttpRequest, subject: Subject, wanted: str) -> str:
    """A page of this house, or the subject's own, or all notes about it."""
    if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/"):
        return wanted
    return places.get(subject.type).url(subject.id) or reverse("work:notes", args=[subject.type, subject.id])


@require_POST
@permission_required("work.note")
def write(request: HttpRequest) -> HttpResponse:
    about = request.POST.get("about", "")
    subject_type, _colon, number = about.partition(":")
    subject = _seen(request, subject_type, int(number) if numbers.is_id(number) else -1)
    form = NoteForm(request.POST, canned=canned.chosen(request.POST, subject_type))
    if form.is_valid():
        given = form.cleaned_data
        back = _back(request, subject, given["next"])
        uploads = [files.Upload((one.name or "")[-200:], one.read(files.LARGEST + 1)) for one in request.FILES.getlist("files")[: files.MOST + 1]]
        try:
            note = services.write(
                subject, text=given["text"], by=request.user, now=timezone.now(), key=given["key"], url=back.partition("#")[0], uploads=uploads,  # type: ignore[arg-type]
                compliance_only=given["compliance_only"],
            )  # fmt: skip
        except NotPossible as why:
            form.add_error("text", str(why))
        else:
            toasts.show(request, _("Note added"))
            return HttpResponseRedirect(f"{back.partition('#')[0]}#note-{note.pk}")
    return _form(request, subject, form, status=422)


def _form(request: HttpRequest, subject: Subject, form: NoteForm, *, status: int) -> HttpResponse:
    """The note that could not be kept, with its words. Files have to be chosen again: a browser does not send them twice."""
    back, may_hide = _back(request, subject, str(form["next"].value() or "")), request.user.may("audit.view_compliance")  # type: ignore[union-attr]
    context = {"form": form, "subject": subject, "back": back, "may_hide": may_hide, "had_files": bool(request.FILES), "note_kinds": files.KINDS}
    return render(request, "work/notes/write.html", context, status=status)


@require_safe
def about(request: HttpRequest, subject_type: str, pk: int) -> HttpResponse:
    """Every note about something, newest first."""
    subject = _seen(request, subject_type, pk)
    before = request.GET.get("before", "")
    found = selectors.about(request.user, [subject], limit=selectors.PAGE, before=int(before) if numbers.is_id(before) else None)
    url = places.get(subject.type).url(subject.id)
    return render(
        request, "work/notes/about.html", {"subject": subject, "notes": found, "subject_url": url, "older": found.notes[-1].pk if found.more else None}
    )


def _note(request: HttpRequest, pk: int) -> tuple[Note, Subject]:
    note = selectors.complete(Note.objects.visible_to(request.user)).filter(pk=pk).first()
    if note is None:
        raise Http404(_("There is no such note in your brands."))
    return note, _seen(request, note.subject_type, note.subject_id)


def note(request: HttpRequest, pk: int) -> HttpResponse:
    """One note with its earlier wordings. Its author rewords it here."""
    found, subject = _note(request, pk)
    mine = found.author_id == request.user.pk and request.user.may("work.note")
    text, wrong, status = found.text, "", 200
    if request.method == "POST":
        if not mine:
            raise Http404(_("Only its author rewords a note."))
        text = request.POST.get("text", "")
        version = request.POST.get("version", "")
        try:
            services.edit(
                note_id=pk, subject=subject, version=int(version) if version.isdecimal() and len(version) < 9 else 0, text=text, by=request.user,  # type: ignore[arg-type]  # noqa: PLR2004
                now=timezone.now(), url=places.get(subject.type).url(subject.id),
            )  # fmt: skip
        except NotPossible as why:
            wrong, status = str(why), 422
        except services.NoteChanged:
            wrong, status = _("You reworded this note elsewhere since you opened it. Compare, then save again."), 409
            found, subject = _note(request, pk)
        else:
            toasts.show(request, _("Note reworded"))
            return HttpResponseRedirect(reverse("work:note", args=[pk]))
    versions = list(found.versions.all())
    hand_on(found, *versions)
    context = {
        "note": found, "subject": subject, "subject_url": places.get(subject.type).url(subject.id), "versions": versions, "mine": mine,
        "text": text, "wrong": wrong,
    }  # fmt: skip
    return render(request, "work/notes/note.html", context, status=status)


@require_safe
def attachment(request: HttpRequest, pk: int) -> HttpResponse:
    """The file, to be saved: nothing that somebody attached is shown inside our pages."""
    row = Attachment.objects.select_related("note").filter(pk=pk).first()
    if row is None:
        raise Http404(_("There is no such file."))
    _found, subject = _note(request, row.note_id)
    try:
        content = files.read(row)
    except files.Missing as why:
        return render(request, "work/notes/missing.html", {"why": str(why), "attachment": row, "subject": subject}, status=410)
    services.opened(row, subject=subject, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    response = HttpResponse(content, content_type=row.kind)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(row.name)}"
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
@permission_required("work.note")
def people(request: HttpRequest) -> HttpResponse:
    """Colleagues whose handle or name begins so, for the box that completes @mentions."""
    asked = request.GET.get("q", "").strip().lower()[:60]
    if not asked:
        return JsonResponse({"people": []})
    rows = Staff.objects.filter(is_active=True).filter(mentions.beginning(asked)).order_by("name")[:SUGGESTED]
    return JsonResponse({"people": [{"handle": mentions.handle_of(one), "name": one.name} for one in rows]})
