"""People: who works here, what they may do and where; one's own profile; the scope switcher."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backoffice.access import lockouts, services
from backoffice.access import scope as scopes
from backoffice.access.decorators import permission_required, step_up
from backoffice.access.forms import AddPersonForm, ProfileForm, ReachForm, RoleForm
from backoffice.access.models import Lockout, Role, Staff
from backoffice.access.permissions import catalogue
from backoffice.scope.models import Brand
from backoffice.ui import matrix, preferences, toasts
from backoffice.ui.views import back_to


@require_POST
def choose_brand(request: HttpRequest) -> HttpResponse:
    """Narrow the session to one brand; an empty choice widens it again. A brand out of reach does not exist."""
    code = request.POST.get("brand", "")
    user: Any = request.user
    brand = next((brand for brand in user.brands if brand.code == code), None)
    if code and brand is None:
        return HttpResponse(status=404)
    scopes.choose(request, brand)
    return redirect(back_to(request))


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    person: Any = request.user
    form = ProfileForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        form.save()
        toasts.show(request, _("Profile saved"))
        chosen = {name: form.cleaned_data[name] for name in preferences.CHOICES}
        return preferences.keep(request, redirect("access:profile"), **chosen)
    return render(request, "access/profile.html", {"form": form}, status=422 if form.is_bound else 200)


@require_safe
@permission_required("access.view_people")
def people(request: HttpRequest) -> HttpResponse:
    found = list(Staff.objects.with_roles().order_by("-is_active", "name"))
    locked = set(Lockout.objects.filter(locked_at__isnull=False).values_list("key", flat=True))
    secured = set(Authenticator.objects.filter(type=Authenticator.Type.TOTP).values_list("user_id", flat=True))
    rows = [{"person": one, "locked": lockouts.key_of(one.email) in locked, "secured": one.pk in secured} for one in found]
    return render(request, "access/people.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("access.manage_people")
@step_up
def add_person(request: HttpRequest) -> HttpResponse:
    form = AddPersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = services.create_staff(**form.cleaned_data, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        except ValidationError as wrong:
            for name, errors in wrong.message_dict.items():
                form.add_error(name if name in form.fields else None, errors)
        else:
            toasts.show(request, _("Person added"))
            return redirect("access:person", pk=person.pk)
    return render(request, "access/add_person.html", {"form": form}, status=422 if form.is_bound else 200)


@require_safe
@permission_required("access.view_people")
def person(request: HttpRequest, pk: int) -> HttpResponse:
    return _person_page(request, get_object_or_404(Staff.objects.with_roles(), pk=pk))


@require_safe
@permission_required("access.view_people")
def roles(request: HttpRequest) -> HttpResponse:
    """Who may do what: the catalogue against the roles, for the reader who audits it."""
    found = list(Role.objects.all())
    holding = {role.pk: role.held for role in found}
    words = (_("yes"), _("no"))
    groups = [
        matrix.Group([matrix.Row(one.label, [matrix.yes_no(one.name in holding[role.pk], words) for role in found]) for one in permissions], group)
        for group, permissions in catalogue.by_group()
    ]
    columns = [matrix.Head(role.label, role.aim) for role in found]
    return render(request, "access/roles.html", {"matrix": matrix.Matrix(_("Permissions against roles"), _("Permission"), columns, groups)})


@require_POST
@permission_required("access.manage_people")
@step_up
def grant_role(request: HttpRequest, pk: int) -> HttpResponse:
    staff = get_object_or_404(Staff, pk=pk)
    form = RoleForm(request.POST, staff=staff)
    if not form.is_valid():
        return _person_page(request, staff, role_form=form, status=422)
    given = form.cleaned_data
    return _do(request, staff, lambda **common: services.grant_role(role=given["role"], reason=given["reason"], **common), _("Role granted"))


@require_POST
@permission_required("access.manage_people")
@step_up
def revoke_role(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    staff, role = get_object_or_404(Staff, pk=pk), get_object_or_404(Role, code=code)
    return _do(request, staff, lambda **common: services.revoke_role(role=role, **common), _("Role revoked"))


@require_POST
@permission_required("access.manage_people")
@step_up
def grant_reach(request: HttpRequest, pk: int) -> HttpResponse:
    staff = get_object_or_404(Staff, pk=pk)
    form = ReachForm(request.POST, staff=staff)
    if not form.is_valid():
        return _person_page(request, staff, reach_form=form, status=422)
    return _do(request, staff, lambda **common: services.grant_reach(brand=form.cleaned_data["brand"], **common), _("Brand granted"))


@require_POST
@permission_required("access.manage_people")
@step_up
def revoke_reach(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    staff, brand = get_object_or_404(Staff, pk=pk), get_object_or_404(Brand, code=code)
    return _do(request, staff, lambda **common: services.revoke_reach(brand=brand, **common), _("Brand revoked"))


@require_POST
@permission_required("access.lift_lockout")
def lift_lockout(request: HttpRequest, pk: int) -> HttpResponse:
    return _do(request, get_object_or_404(Staff, pk=pk), services.lift_lockout, _("Lock lifted"))


@require_POST
@permission_required("access.manage_people")
@step_up
def reset_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    reason = request.POST.get("reason", "").strip()
    return _do(
        request,
        get_object_or_404(Staff, pk=pk),
        lambda **common: services.reset_second_factor(reason=reason, **common),
        _("Second factor reset"),
    )


@require_POST
@permission_required("access.manage_people")
@step_up
def set_active(request: HttpRequest, pk: int) -> HttpResponse:
    active, reason = request.POST.get("active") == "1", request.POST.get("reason", "").strip()
    done = _("Account reopened") if active else _("Account closed")
    return _do(request, get_object_or_404(Staff, pk=pk), lambda **common: services.set_active(active=active, reason=reason, **common), done)


def _do(request: HttpRequest, staff: Staff, service: Callable[..., Any], done: str) -> HttpResponse:
    """Call a service for a person; a refusal stays on their page, where it can be read."""
    try:
        service(staff=staff, by=request.user, now=timezone.now())
    except (services.OwnRights, services.LastOwner, services.NeedsApproval) as refused:
        return _person_page(request, staff, refused=str(refused), status=409)
    toasts.show(request, done)
    return redirect("access:person", pk=staff.pk)


def _person_page(request: HttpRequest, staff: Staff, *, status: int = 200, refused: str = "", **forms: Any) -> HttpResponse:
    staff.forget()
    rights = [(group, [one for one in permissions if staff.may(one.name)]) for group, permissions in catalogue.by_group()]
    context = {
        "person": staff,
        "roles": Role.objects.filter(staff=staff),
        "rights": [(group, held) for group, held in rights if held],
        "every_brand": staff.may("scope.all_brands"),
        "locked_at": lockouts.locked_at(staff.email),
        "second_factor": Authenticator.objects.filter(user=staff, type=Authenticator.Type.TOTP).first(),
        "role_form": forms.get("role_form") or RoleForm(staff=staff),
        "reach_form": forms.get("reach_form") or ReachForm(staff=staff),
        "refused": refused,
    }
    return render(request, "access/person.html", context, status=status)
