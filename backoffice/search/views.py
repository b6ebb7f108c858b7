"""The results page, which needs no JavaScript, and the palette's list, which htmx asks for as somebody types."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from backoffice.search import registry, selectors, services
from backoffice.search.asking import LONGEST, Question, ask


def _asked(request: HttpRequest) -> tuple[Question, str]:
    """What is asked, and the page on which it is asked."""
    return ask(registry.rewritten(_typed(request)), staff=request.user, now=timezone.now()), request.GET.get("at", "")[:500]


def _typed(request: HttpRequest) -> str:
    return request.GET.get("q", "")[:LONGEST]


def _address(**parameters: str) -> str:
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in parameters.items() if value})
    return f"{reverse('search:results')}?{query.urlencode()}"


@require_safe
def results(request: HttpRequest) -> HttpResponse:
    """Everything that was found, group by group, or one group page by page. A full id opens what it names."""
    question, at = _asked(request)
    if registry.rewritten(_typed(request)) != _typed(request):
        return HttpResponseRedirect(_address(q=question.text, at=at))  # what must not stand in an address does not stay there
    code = request.GET.get("group", "")
    if code:
        found = selectors.one_group(question, code, after=request.GET.get("after", ""))
        if found is None:
            raise Http404(_("There is no such group of results."))
    else:
        found = selectors.results(question, size=registry.IN_GROUP, actions=selectors.actions(request, question, at) if question.text else [])
    services.note(found)
    if not code and question.jumps and len(found.exact) == 1 and not found.exact[0].url.startswith(reverse("search:results")):
        return HttpResponseRedirect(found.exact[0].url)
    here = {"q": question.text, "at": at}
    return render(request, "search/results.html", {
        "question": question, "found": found, "at": at, "only": code, "operators": registry.operators(request.user),
        "groups": [
            {"group": group, "all": _address(**here, group=group.provider.code) if group.found.next and not code else "",
             "next": _address(**here, group=code, after=group.found.next) if code and group.found.next else ""}
            for group in found.groups
        ],
        "everything": _address(**here), "first": _address(**here, group=code) if request.GET.get("after") else "",
    })  # fmt: skip


@require_safe
def palette(request: HttpRequest) -> HttpResponse:
    """The list under the palette's box: what was found by its full id, actions of the page, then the groups."""
    question, at = _asked(request)
    found = selectors.results(question, size=registry.IN_PALETTE, actions=selectors.actions(request, question, at))
    services.note(found)
    blocks = _blocks(found)
    return render(request, "search/_options.html", {
        "question": question, "blocks": blocks, "count": sum(len(block["hits"]) for block in blocks),
        "all": _address(q=question.text, at=at) if question.text and not question.problems else "",
        "operators": registry.operators(request.user) if question.unknown or not question.text else [],
    })  # fmt: skip


def _blocks(found: selectors.Results) -> list[dict[str, Any]]:
    """The groups of the palette with a number for each option, by which the box points at it."""
    blocks: list[dict[str, Any]] = [
        {"code": "exact", "label": "", "icon": "", "hits": found.exact},
        {"code": "actions", "label": "", "icon": "bolt", "hits": found.actions},
        *(
            {"code": one.provider.code, "label": one.provider.label, "icon": one.provider.icon, "hits": [hit for hit in one.found.hits if not hit.exact]}
            for one in found.groups
        ),
    ]
    place = 0
    for block in blocks:
        block["options"] = []
        for hit in block["hits"]:
            place += 1
            block["options"].append((place, hit))
    return [block for block in blocks if block["hits"]]
