"""Asking for a statement on the player's page."""

import uuid
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from backoffice.access.decorators import permission_required
from backoffice.audit.lifecycle import NotAllowed
from players.profile.views import page
from players.services import PlayerRefused
from players.views.player import looking_at
from wallet.statements import services
from wallet.statements.forms import StatementForm
from wallet.statements.words import language_for

FIELDS = {"statement_period": "until", "statement_language": "language", "statement_form": "format"}


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(services.MAKE)
def statement(request: HttpRequest, pk: int) -> HttpResponse:
    looking, status = looking_at(request, pk), 200
    player = looking.player
    today = looking.now.astimezone(player.brand.zone).date()
    first = today.replace(day=1)
    month = (first - timedelta(days=1)).replace(day=1)
    initial = {"since": month, "until": first - timedelta(days=1), "language": language_for(player.language), "key": uuid.uuid4().hex}
    form = StatementForm(request.POST or None, initial=initial, today=today)
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                made = services.ask_as_staff(
                    player_id=pk, since=given["since"], until=given["until"], language=given["language"], form=given["format"], key=given["key"],
                    by=looking.staff, now=looking.now,
                )  # fmt: skip
            except PlayerRefused as refused:
                form.add_error(FIELDS.get(refused.code), str(refused))
            except NotAllowed as refused:
                raise PermissionDenied(str(refused)) from refused
            else:
                return HttpResponseRedirect(reverse("jobs:job", args=[made.job_id]), status=303)
    says = [
        {"icon": "jobs", "text": _("It is made in the background and kept for 24 hours; you take the file on its page.")},
        {"icon": "eye", "text": _("That you ask for it and take it is on the record. The player is not written to by this.")},
    ]
    note = _("Days are those of %(zone)s.") % {"zone": player.brand.timezone}
    return page(looking, _("Statement"), form, verb=_("Make the statement"), says=says, note=note, status=status)
