"""Words and small helpers of the payments pages."""

from typing import Any

from django import template

register = template.Library()


@register.filter
def reason_words(code: str, labels: Any) -> str:
    return labels.get(code, code) if hasattr(labels, "get") else code


@register.filter
def outcome_values(outcomes: list[tuple[str, str]]) -> list[str]:
    return [value for value, _label in outcomes]
