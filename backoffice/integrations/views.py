"""The documentation: a page without scripts, and its source for machines. Both are public."""

from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from backoffice.integrations import reference


@cache
def described() -> dict[str, Any]:
    from backoffice.integrations.urls import platform

    return reference.schema(platform)


@login_not_required
@require_safe
@cache_control(public=True, max_age=300)
def openapi(request: HttpRequest) -> HttpResponse:
    return JsonResponse(described())


@login_not_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "integrations/docs.html", reference.page(described()))
