"""A POST is answered once: the same request with the same Idempotency-Key gets the first answer again, word for word."""

import functools
import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from pydantic import BaseModel

from backoffice.integrations import problems
from backoffice.integrations.auth import IDEMPOTENCY_HEADER, key_of
from backoffice.integrations.models import ApiAnswer
from backoffice.integrations.problems import Error, Problem

KEPT = timedelta(days=30)
MEDIA_TYPE = "application/json"
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,80}", re.ASCII)


def key(request: HttpRequest) -> str:
    """The request's idempotency key. Raises Problem 400."""
    given = request.headers.get(IDEMPOTENCY_HEADER, "")
    if not _KEY.fullmatch(given):
        detail = f"Send {IDEMPOTENCY_HEADER}: 1 to 80 visible characters that you make for this request and keep for its repeats."
        raise Problem(400, "idempotency_key_missing", detail, errors=[Error(f"header:{IDEMPOTENCY_HEADER}", "Missing or malformed.")])
    return given


def idempotent(status: int) -> Callable[[Callable[..., BaseModel]], Callable[..., HttpResponse]]:
    """For a view that changes something and answers with a model: everything it does and its answer are one transaction.

    A refusal by the house is an answer too, and is given again. A fault of ours leaves nothing behind, so that the request may be repeated.
    """

    def wrap(view: Callable[..., BaseModel]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            given, asked = key(request), _asked(request)
            brand_id = key_of(request).brand_id
            with transaction.atomic():
                made = _claim(brand_id=brand_id, key=given, asked=asked, now=timezone.now())
                if made is None:
                    return _again(brand_id=brand_id, key=given, asked=asked)
                response = _first(view, status, request, *args, **kwargs)
                ApiAnswer.objects.filter(pk=made).update(status=response.status_code, content_type=response["Content-Type"], body=response.content.decode())
                return response

        run.idempotent = True  # type: ignore[attr-defined]  # for the documentation
        return run

    return wrap


def _first(view: Callable[..., BaseModel], status: int, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    try:
        with transaction.atomic():
            answer = view(request, *args, **kwargs)
    except Exception as exception:
        problem = problems.of(exception)
        if problem is None or problem.status >= 500:
            raise
        return problems.response(request, problem)
    return HttpResponse(answer.model_dump_json(), status=status, content_type=MEDIA_TYPE)


def _asked(request: HttpRequest) -> str:
    return hashlib.sha256(b"\n".join(((request.method or "").encode(), request.get_full_path().encode(), request.body))).hexdigest()


def _claim(*, brand_id: int, key: str, asked: str, now: datetime) -> int | None:
    """Take the key for this request; None when it was taken before. Waits for a request with the same key that is under way."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO integrations_apianswer (brand_id, key, asked, status, content_type, body, at) VALUES (%s, %s, %s, NULL, '', '', %s)"
            " ON CONFLICT (brand_id, key) DO NOTHING RETURNING id",
            [brand_id, key, asked, now],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _again(*, brand_id: int, key: str, asked: str) -> HttpResponse:
    kept = ApiAnswer.objects.get(brand_id=brand_id, key=key)
    if kept.asked != asked:
        raise Problem(409, "idempotency_key_reused", "This Idempotency-Key was used for another request. Use a new key for a new request.")
    return HttpResponse(kept.body, status=kept.status, content_type=kept.content_type, headers={REPLAYED: "true"})


def forget_old(*, now: datetime, batch: int = 5_000) -> int:
    """Forget answers older than thirty days, a batch at a time. Returns how many went."""
    old = ApiAnswer.objects.filter(at__lt=now - KEPT).order_by("at").values("pk")[:batch]
    return ApiAnswer.objects.filter(pk__in=old).delete()[0]
