"""Tags of a player: the kit's, on the player."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from backoffice.access.decorators import permission_required
from backoffice.ui import toasts
from backoffice.work import items
from players.places import player_subject
from players.views.player import looking_at


@require_POST
@permission_required("players.tag")
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Add one, remove one, or both: `add`, `remove`."""
    looking = looking_at(request, pk)
    add, remove = ([text] if (text := request.POST.get(name, "")).strip() else [] for name in ("add", "remove"))
    try:
        items.tag(player_subject(looking.player), add=add, remove=remove, by=looking.staff, now=looking.now)
    except items.NotPossible as why:
        toasts.show(request, str(why), tone="attention")
    else:
        toasts.show(request, _("Tags changed"))
    return HttpResponseRedirect(reverse("players:player", args=[pk]) + "#tags")
