"""Structured logs: one event a line, with the request's id; JSON in production, readable elsewhere. No personal data, by construction:

- A line of ours is a fixed word with fields that we chose. A line of a library is its template; what it would put into it is left out.
- An exception is its kind and the lines of code that it passed, never its message or its variables, since those hold anything.
- Whatever is left goes through `scrub`, which takes out what looks like an address, a number of a phone, a card or an account, or a secret.
"""

import logging
import logging.config
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import structlog

ROOT = str(Path(__file__).resolve().parents[2]) + "/"
REQUEST_ID = "request_id"
DEEPEST, CAUSES = 30, 5  # frames of an exception that are kept, and how many exceptions of a chain
Event = MutableMapping[str, Any]

# A field of such a name is left out whatever it holds.
_NAMED = re.compile(
    r"passw|secret|token|authorization|cookie|e_?mail|phone|(first|last|holder|full)_?name|birth|iban|\bpan\b|card_?number|address|signature|query",
    re.IGNORECASE,
)
_LOOKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"://[^/\s@]+@"), "://[secret]@"),
    (re.compile(r"(?i)\b(bearer|basic|digest)\s+\S+"), "[secret]"),
    (re.compile(r"\?[^\s\"'<>]*=[^\s\"'<>]*"), "?[query]"),
    (re.compile(r"[^\s\"'<>(),;:=@/\[\]]+@[\w-]+(\.[\w-]+)+"), "[e-mail]"),
    (re.compile(r"(?<![\w+])(\+|00)[1-9][\d ()/.-]{6,18}\d"), "[phone]"),
    (re.compile(r"\b[\w-]{40,}\b"), "[long]"),
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}\b", re.IGNORECASE)
_CARD = re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?![\w.])")


def configure(settings: dict[str, Any]) -> None:
    """Send Django's, Celery's and our own log lines through structlog."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = structlog.processors.JSONRenderer() if settings["json"] else structlog.dev.ConsoleRenderer(colors=False)
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structured": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "use_get_message": False,
                    "processors": [template_only, structlog.stdlib.ProcessorFormatter.remove_processors_meta, describe_exception, scrub, renderer],
                    "foreign_pre_chain": shared,
                }
            },
            "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
            "root": {"handlers": ["console"], "level": settings["level"]},
            "loggers": {
                "httpx": {"level": "WARNING"},
                "django.db.backends": {"level": "INFO"},  # its debug lines hold parameters
                # Our own lines say the same with more fields (backoffice/ui/middleware.py, backoffice/celery.py).
                "django.request": {"level": "ERROR"},
                "celery.app.trace": {"level": "CRITICAL"},
                "celery.worker.strategy": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def request_id() -> str:
    """The id of the request or task that runs, or nothing."""
    return str(structlog.contextvars.get_contextvars().get(REQUEST_ID, ""))


def outgoing() -> dict[str, str]:
    """The header that carries the id to whoever we call, so that both sides' logs can be laid beside each other."""
    return {"X-Request-Id": found} if (found := request_id()) else {}


def template_only(logger: Any, method: str, event: Event) -> Event:
    """A library's line is its template. One that logs an object, often an exception, is the kind of the object."""
    record = event.get("_record")
    if record is not None and not event.get("_from_structlog") and not isinstance(record.msg, str):
        event["event"] = type(record.msg).__name__
    event.pop("stack_info", None)
    return event


def describe_exception(logger: Any, method: str, event: Event) -> Event:
    """The exception of a line as its kind and its way through the code."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info if isinstance(info, BaseException) else info[1] if isinstance(info, tuple) and len(info) > 1 else None
    if isinstance(error, BaseException):
        event["exception"] = describe(error)
    return event


def describe(error: BaseException) -> str:
    """Kind, SQLSTATE where there is one, and lines of code, of the exception and of what it came from. Nothing that it says."""
    parts: list[str] = []
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen and len(seen) < CAUSES:
        seen.add(id(one))
        state = getattr(one, "sqlstate", None)
        frames = [(frame.f_code, line) for frame, line in traceback.walk_tb(one.__traceback__)][-DEEPEST:]
        lines = [f"  {code.co_filename.removeprefix(ROOT)}:{line} in {code.co_name}" for code, line in frames]
        parts.append("\n".join([f"{type(one).__module__}.{type(one).__qualname__}{f' {state}' if state else ''}".removeprefix("builtins."), *lines]))
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return "\ncaused by ".join(parts)


def scrub(logger: Any, method: str, event: Event) -> Event:
    """Take out of every field what looks like personal data or a secret."""
    for name, value in event.items():
        if name == "exception":  # made of code alone
            continue
        event[name] = "[removed]" if _NAMED.search(name) else clean(value)
    return event


def clean(value: Any) -> Any:
    """A value without what looks like personal data: texts by their looks, containers by their parts, objects by their kind."""
    if isinstance(value, str):
        return clean_text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): "[removed]" if _NAMED.search(str(name)) else clean(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [clean(one) for one in value]
    if isinstance(value, BaseException):
        return type(value).__name__
    return clean_text(str(value))


def clean_text(text: str) -> str:
    text = _IBAN.sub(lambda found: "[account]" if _is_iban(found[0]) else found[0], text)
    text = _CARD.sub(lambda found: "[card]" if _is_card(found[0]) else found[0], text)
    for look, word in _LOOKS:
        text = look.sub(word, text)
    return text


def _is_iban(text: str) -> bool:
    """ISO 13616: the check digits fit."""
    plain = re.sub(r"[ -]", "", text).upper()
    return int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97 == 1


def _is_card(text: str) -> bool:
    """ISO/IEC 7812: the check digit (Luhn) fits."""
    digits = [int(one) for one in reversed(text) if one.isdigit()]
    return (sum(digits[0::2]) + sum(sum(divmod(2 * one, 10)) for one in digits[1::2])) % 10 == 0
