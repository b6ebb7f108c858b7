"""The pages of alerts: HTTP in, a selector or one service, HTTP out."""

from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from backoffice.access.decorators import permission_required
from backoffice.access.models import Staff
from backoffice.alerts import measures, selectors, services
from backoffice.alerts.forms import AcknowledgeForm, MuteForm
from backoffice.alerts.lifecycles import HANDLE, RULE, SUBJECT
from backoffice.alerts.models import Alert, Rule
from backoffice.alerts.rules import SEVERITIES, summary
from backoffice.alerts.selectors import Filters
from backoffice.alerts.telling import VIEW
from backoffice.audit.lifecycle import NotAllowed
from backoffice.audit.models import Event
from backoffice.runtime import timeouts
from backoffice.scope.models import Brand
from backoffice.ui import charts, times, toasts, words
from backoffice.ui.views import back_to

STATES = {
    "firing": gettext_lazy("Firing"), "acknowledged": gettext_lazy("Looked after"), "muted": gettext_lazy("Muted"), "resolved": gettext_lazy("Over"),
}  # fmt: skip
words.name({
    "alert.firing": gettext_lazy("It fired"), "alert.muted": gettext_lazy("It is mute"), "alert.acknowledged": gettext_lazy("Somebody looks after it"),
    "alert.resolved": gettext_lazy("It is over"),
})  # fmt: skip
WORDS = {
    "crossed": gettext_lazy("over the line"), "calm": gettext_lazy("calm"), "between": gettext_lazy("near the line"),
    "few": gettext_lazy("too few to judge"), "no_history": gettext_lazy("not enough history"),
}  # fmt: skip
ONLY = (("", gettext_lazy("All")), ("mine", gettext_lazy("Mine")), ("off", gettext_lazy("Off")))


def person(request: HttpRequest) -> Staff:
    return cast(Staff, request.user)


@require_safe
@permission_required(VIEW)
def alerts(request: HttpRequest) -> HttpResponse:
    filters = Filters.read(request.GET)
    page = selectors.page(request.user, filters)
    kept = {"severity": filters.severity, "rule": filters.rule}
    here = urlencode({"view": filters.view, **{name: value for name, value in kept.items() if value}})
    rest = {name: value for name, value in kept.items() if value}
    count = selectors.open_count(request.user)
    context = {
        "rows": [_row(one) for one in page.rows],
        "filters": filters, "now": timezone.now(), "severities": SEVERITIES, "rule": _rule(request, filters.rule) if filters.rule else None,
        "severity_label": dict(SEVERITIES).get(filters.severity, ""), "narrowed": bool(rest),
        "newer": f"?{here}&before={page.newer}" if page.newer else "", "older": f"?{here}&after={page.older}" if page.older else "",
        "tabs": [
            {"label": _("Open"), "url": f"?{urlencode({'view': 'open', **rest})}", "current": filters.view == "open", "count": count},
            {"label": _("All"), "url": f"?{urlencode({'view': 'all', **rest})}", "current": filters.view == "all", "count": ""},
            {"label": _("Rules"), "url": reverse("alerts:rules"), "current": False, "count": ""},
        ],
    }  # fmt: skip
    return render(request, "alerts/alerts.html", context)


def _row(one: Alert) -> dict[str, Any]:
    measure = one.rule.counted
    return {"alert": one, "state": STATES[one.state], "value": measure.write(one.last_value), "limit": measure.write(one.limit)}


@require_safe
@permission_required(VIEW)
def rules(request: HttpRequest) -> HttpResponse:
    q, only = request.GET.get("q", "").strip()[:80], request.GET.get("only", "")
    only = only if only in dict(ONLY) else ""
    found = selectors.rules(request.user, q=q, only=only)
    now = timezone.now()
    brands = dict(Brand.objects.values_list("pk", "name"))
    context = {
        "rows": [_standing(rule, brands, now) for rule in found], "q": q, "only": only, "onlies": ONLY, "now": now, "kind": RULE,
        "may_propose": person(request).may("alerts.configure"), "may_handle": person(request).may(HANDLE), "mute_form": MuteForm(),
        "tabs": [
            {"label": _("Open"), "url": reverse("alerts:alerts"), "current": False, "count": selectors.open_count(request.user)},
            {"label": _("All"), "url": f"{reverse('alerts:alerts')}?view=all", "current": False, "count": ""},
            {"label": _("Rules"), "url": "?", "current": True, "count": ""},
        ],
    }  # fmt: skip
    return render(request, "alerts/rules.html", context)


def _standing(rule: Rule, brands: dict[int, str], now: Any) -> dict[str, Any]:
    """A rule as the list shows it: the state in one word, and each value that it tells apart."""
    standing = rule.standing
    mute = standing.muted_until is not None and standing.muted_until > now
    firing, handled = rule.firing, rule.handled  # type: ignore[attr-defined]
    tone, pip, state = "success", 2, _("Quiet")
    if not rule.active:
        tone, pip, state = "neutral", 2, _("Off")
    elif mute:
        tone, pip, state = "neutral", 1, _("Muted")
    elif standing.error:
        tone, pip, state = "attention", 0, _("Cannot be read")
    elif firing:
        tone, pip, state = "critical", 1, _("Firing")
    elif handled:
        tone, pip, state = "attention", 1, _("Looked after")
    elif standing.read_at is None:
        tone, pip, state = "info", 0, _("Not read yet")
    elif standing.readings and all(one["word"] in {"few", "no_history"} for one in standing.readings):
        tone, pip, state = "neutral", 0, _("Unknown")
    return {
        "rule": rule, "standing": standing, "mute": mute, "tone": tone, "pip": pip, "state": state, "summary": summary(rule),
        "readings": [_reading(rule, one, brands) for one in standing.readings[:6]], "more": max(len(standing.readings) - 6, 0),
    }  # fmt: skip


def _reading(rule: Rule, one: dict[str, Any], brands: dict[int, str]) -> dict[str, Any]:
    from decimal import Decimal

    where = ", ".join(part for part in (one["provider"], brands.get(one["brand"], "")) if part)
    try:
        value = rule.counted.write(Decimal(one["value"]) if one["value"] is not None else None)
    except measures.UnknownMeasure:
        value = _("unknown")
    return {"where": where, "value": value, "volume": one["volume"], "word": WORDS.get(one["word"], ""), "bad": one["word"] == "crossed"}


def _rule(request: HttpRequest, pk: int) -> Rule | None:
    return Rule.objects.visible_to(request.user).filter(pk=pk).first()


def found(request: HttpRequest, pk: int) -> Alert:
    rows = Alert.objects.visible_to(request.user).select_related("rule", "rule__owner", "rule__brand", "rule__standing", "brand", "acknowledged_by")
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404(_("There is no such alert in your brands."))
    return row


@require_safe
@permission_required(VIEW)
def alert(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, found(request, pk))


def _page(request: HttpRequest, row: Alert, *, form: AcknowledgeForm | None = None, stale: bool = False, status: int = 200) -> HttpResponse:
    measure, now = row.rule.counted, timezone.now()
    try:
        points = selectors.around(row, now=now)
    except DatabaseError:  # too much to count in two seconds: the page is there without its chart
        timeouts.mend()
        points = []
    facts = Event.objects.visible_to(request.user).filter(subject_type=SUBJECT, subject_id=row.pk)[:40]
    may = row.state != "resolved" and person(request).may(HANDLE)
    if form is None or stale:
        kept = {"note": form["note"].value()} if form is not None else {}
        form = AcknowledgeForm(initial={"version": row.version, **kept})
    standing = row.rule.standing
    context = {
        "alert": row, "rule": row.rule, "state": STATES[row.state], "measure": measure, "now": now, "stale": stale, "form": form, "mute_form": MuteForm(),
        "may_acknowledge": may and row.state != "acknowledged", "may_mute": may, "mute": standing.muted_until is not None and standing.muted_until > now,
        "standing": standing, "value": measure.write(row.value), "last": measure.write(row.last_value), "worst": measure.write(row.worst),
        "limit": measure.write(row.limit), "baseline": measure.write(row.baseline) if row.baseline is not None else "", "url": measure.url(row.provider),
        "chart": _chart(row, points, now), "kind": RULE,
        "summary": summary(row.rule), "facts": [{"fact": one, "words": words.of(one.type)} for one in facts],
        "severity": dict(SEVERITIES)[row.severity],
    }  # fmt: skip
    return render(request, "alerts/alert.html", context, status=status)


def _chart(row: Alert, points: list[selectors.Point], now: datetime) -> charts.Chart | None:
    """The measure around the alert; nothing to draw while less than two moments are counted."""
    measure = row.rule.counted
    if len(points) < 2:  # noqa: PLR2004
        return None
    marks = [
        charts.Mark(min(range(len(points)), key=lambda number: abs(points[number].until - at)), label)
        for at, label in ((row.opened_at, _("began")), (row.resolved_at, _("over"))) if at is not None
    ]  # fmt: skip
    title = _("%(what)s from %(first)s to %(last)s") % {
        "what": measure.label, "first": times.write(points[0].until), "last": times.write(points[-1].until),
    }  # fmt: skip
    word = {measures.SHARE: "%", measures.MINUTES: _("min"), measures.SECONDS: _("s")}.get(measure.unit, "")
    return charts.Chart(
        kind=charts.LINE, title=title, labels=[one.until for one in points], labels_head=_("Window until"), kind_of_time="time", as_of=now, key="alert-chart",
        series=[charts.Series(measure.label, [one.value for one in points])], marks=marks,
        unit=charts.Unit(word, whole=measure.unit == measures.COUNT, words=measure.write),
        limit=charts.Limit(row.limit, _("line at %(limit)s") % {"limit": measure.write(row.limit)}),
        beside=[(_("Counted"), [f"{one.volume:,}" for one in points])],
    )  # fmt: skip


@require_POST
@permission_required(HANDLE)
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    row = found(request, pk)
    form = AcknowledgeForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form=form, status=422)
    try:
        services.acknowledge(alert_id=pk, version=form.cleaned_data["version"], note=form.cleaned_data["note"], by=person(request), now=timezone.now())
    except services.StaleAlert:
        return _page(request, found(request, pk), form=form, stale=True, status=409)
    except services.NotPossible as why:
        form.add_error("note", str(why))
        return _page(request, row, form=form, status=422)
    except NotAllowed as refused:
        raise PermissionDenied(str(refused)) from refused
    toasts.show(request, _("You look after it"))
    return HttpResponseRedirect(reverse("alerts:alert", args=[pk]))


def _handled(request: HttpRequest, pk: int) -> Rule:
    rule = _rule(request, pk)
    if rule is None:
        raise Http404(_("There is no such rule in your brands."))
    return rule


@require_POST
@permission_required(HANDLE)
def mute(request: HttpRequest, pk: int) -> HttpResponse:
    rule = _handled(request, pk)
    form = MuteForm(request.POST)
    if form.is_valid():
        try:
            services.mute(rule_id=rule.pk, until=form.cleaned_data["until"], reason=form.cleaned_data["reason"], by=person(request), now=timezone.now())
            toasts.show(request, _("Muted until %(when)s") % {"when": times.write(form.cleaned_data["until"])})
        except services.NotPossible as why:
            toasts.show(request, str(why), tone="attention")
    else:
        toasts.show(request, _("Say for how long, and why."), tone="attention")
    return HttpResponseRedirect(back_to(request, reverse("alerts:rules")))


@require_POST
@permission_required(HANDLE)
def unmute(request: HttpRequest, pk: int) -> HttpResponse:
    services.unmute(rule_id=_handled(request, pk).pk, by=person(request), now=timezone.now())
    toasts.show(request, _("It speaks again"))
    return HttpResponseRedirect(back_to(request, reverse("alerts:rules")))
