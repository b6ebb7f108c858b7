"""One personal value in clear: asked for with a reason, shown in the answer and nowhere else."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from backoffice.access.decorators import permission_required, require
from players import revealing
from players.services import PlayerRefused
from players.views.player import looking_at


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why you have to see it"), max_length=revealing.LONGEST, help_text=gettext_lazy("It stands on the record beside your name.")
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(revealing.PERMISSION)
def reveal(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    looking = looking_at(request, pk)
    try:
        hidden, _number = revealing.get(name)
    except KeyError as unknown:
        raise Http404(_("There is no such value.")) from unknown
    require(request.user, hidden.permission)
    form, value, status = ReasonForm(request.POST or None), "", 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                value = revealing.reveal(player=looking.player, name=name, reason=form.cleaned_data["reason"], by=looking.staff, now=timezone.now())
                status = 200
            except PlayerRefused as why:
                form.add_error("reason", str(why))
    return render(
        request, "players/reveal.html", {"player": looking.player, "hidden": hidden, "form": form, "value": value, "path": request.path}, status=status
    )
