"""How a form field becomes markup: one control with its label, hint and error tied together for screen readers."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.safestring import SafeString


def kind_of(field: BoundField) -> str:
    """What the field looks like: check, radio, checks or box."""
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxSelectMultiple):
        return "checks"
    if isinstance(widget, forms.RadioSelect):
        return "radio"
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    return "box"


def described_by(field: BoundField, hint: Any = "") -> str:
    parts = [f"{field.auto_id}_hint"] if (hint or field.help_text) else []
    if field.errors:
        parts.append(f"{field.auto_id}_error")
    return " ".join(parts)


def control(field: BoundField, *, hint: Any = "", **extra: Any) -> SafeString:
    """The field's widget with our class, its description and its validity."""
    attrs: dict[str, Any] = {name.replace("_", "-"): value for name, value in extra.items() if value not in ("", None, False)}
    if kind_of(field) == "box":
        attrs["class"] = " ".join(filter(None, ["in", str(field.field.widget.attrs.get("class", ""))]))
    if isinstance(field.field.widget, forms.Textarea):
        attrs.setdefault("rows", field.field.widget.attrs.get("rows") if field.field.widget.attrs.get("rows") != "10" else 3)
    if description := described_by(field, hint):
        attrs["aria-describedby"] = description
    if field.errors:
        attrs["aria-invalid"] = "true"
    if isinstance(field.field, forms.DecimalField):
        attrs.setdefault("inputmode", "decimal")
    return field.as_widget(attrs=attrs)
