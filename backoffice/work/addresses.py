"""`addresses(queue)` gives a room the URLs of its queue. The item's own page is the room's."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST, require_safe

from backoffice.access.decorators import require
from backoffice.work.queues import Queue
from backoffice.work.views import bulk, claims, decide, index, item, saved

Ask = Callable[..., HttpResponse]


def addresses(queue: Queue) -> list[URLPattern]:
    """The list's and the items' URLs, under the names that `Queue.name` gives. The item's own page is the room's."""
    many, one = f"{queue.plural}/", f"{queue.plural}/<int:pk>/"

    def at(route: str, view: Ask, name: str, permission: str, *, reads: bool = False) -> URLPattern:
        def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
            require(request.user, permission)
            return view(request, queue, **arguments)

        guarded.__name__ = f"{queue.plural}_{view.__name__}"
        return path(route, (require_safe if reads else require_POST)(guarded), name=name)

    reading = [
        at(many, index.index, queue.plural, queue.view, reads=True),
        at(f"{many}live", index.live, f"{queue.plural}-live", queue.view, reads=True),
        at(f"{many}views", saved.save_view, f"{queue.plural}-save-view", queue.view),
        at(f"{many}views/<int:view>/remove", saved.remove_view, f"{queue.plural}-remove-view", queue.view),
    ]
    many_at_once = [at(f"{many}bulk/<slug:verb>", bulk.bulk_verb, f"{queue.plural}-bulk", queue.work or queue.view)] if queue.verbs or queue.work else []
    if not queue.work:
        return [*reading, *many_at_once]
    return [
        *reading,
        *many_at_once,
        at(f"{many}start", claims.start, f"{queue.plural}-start", queue.work),
        at(f"{one}claim", claims.claim, f"{queue.singular}-claim", queue.work),
        at(f"{one}take-over", claims.take_over, f"{queue.singular}-take-over", queue.work),
        at(f"{one}heartbeat", claims.heartbeat, f"{queue.singular}-heartbeat", queue.view),
        at(f"{one}release", claims.release, f"{queue.singular}-release", queue.work),
        at(f"{one}item/<slug:verb>", item.item_verb, f"{queue.singular}-item", queue.work),
        *([at(one, decide.detail, queue.singular, queue.view, reads=True)] if queue.outcomes else []),
        *([at(f"{one}decide", decide.decide, f"{queue.singular}-decide", queue.work)] if queue.outcomes else []),
    ]
