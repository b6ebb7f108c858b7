"""A panel of a player's page, with its own names."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from players.panels import Act, Panel

register = template.Library()


@register.simple_tag(takes_context=True)
def panel(context: Context, panel: Panel, values: Mapping[str, Any]) -> SafeString:
    """The panel's template over what it loaded; it sees the page's `looking` and `player` too."""
    shared = {name: context[name] for name in ("looking", "player")}
    return mark_safe(get_template(panel.template).render({**shared, **values, "panel": panel}, context["request"]))  # noqa: S308 (a template's own output)


@register.simple_tag(takes_context=True)
def act_url(context: Context, act: Act) -> str:
    return act.url(context["player"])
