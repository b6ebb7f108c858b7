"""Forms of the second factor, of people and of one's own profile."""

from typing import Any, ClassVar

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from backoffice.access import lockouts, sessions
from backoffice.access.adapters import StaffAccounts
from backoffice.access.models import Role, Staff
from backoffice.scope.models import Brand
from backoffice.scope.zones import known

CODE = {
    "autocomplete": "one-time-code",
    "inputmode": "numeric",
    "autofocus": True,
    "autocapitalize": "off",
    "spellcheck": "false",
    "placeholder": "",
}


class CountsFailures:
    """A wrong code counts like a wrong password: whoever has the password must not guess the code in peace."""

    user: Staff

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.update(CODE)  # type: ignore[attr-defined]

    def clean_code(self) -> str:
        if lockouts.locked_at(self.user.email):
            raise StaffAccounts().validation_error("account_locked")
        try:
            return super().clean_code()  # type: ignore[misc]
        except ValidationError as refused:
            if refused.code == "incorrect_code" and lockouts.note_failure(self.user.email):
                raise StaffAccounts().validation_error("account_locked") from refused
            raise


class CodeForm(CountsFailures, AuthenticateForm):
    pass


class ConfirmCodeForm(CountsFailures, ReauthenticateForm):
    pass


class SetUpForm(ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code from the app")
        self.fields["code"].widget.attrs.update(CODE)

    def clean_code(self) -> str:
        """The session in which the factor is set up has proved that it holds it."""
        code = super().clean_code()
        context.request.session[sessions.SECOND_FACTOR] = True
        return code


def zones() -> list[tuple[str, str]]:
    names = sorted(name for name in known() if "/" in name and not name.startswith(("Etc/", "posix/", "right/", "SystemV/")))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class ProfileForm(forms.ModelForm):
    timezone = forms.ChoiceField(label=_("Time zone"), choices=zones, help_text=_("Times are shown on this clock; UTC is in their tooltip."))
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    theme = forms.ChoiceField(label=_("Theme"), choices=[("system", _("Like the system")), ("light", _("Light")), ("dark", _("Dark"))])
    density = forms.ChoiceField(label=_("Rows"), choices=[("comfortable", _("Comfortable, 40 px")), ("compact", _("Compact, 32 px"))])
    shortcuts = forms.ChoiceField(label=_("Single-key shortcuts"), choices=[("on", _("On")), ("off", _("Off"))])

    class Meta:
        model = Staff
        fields = ("name", "timezone", "language", "theme", "density", "shortcuts")
        labels: ClassVar = {"name": _("Name")}


class AddPersonForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    email = forms.EmailField(label=_("E-mail"), help_text=_("They choose a password with “Forgot it?” on the sign-in page, then set up a second factor."))
    timezone = forms.ChoiceField(label=_("Time zone"), choices=zones, initial="UTC")


class RoleField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.label)


class RoleForm(forms.Form):
    role = RoleField(Role.objects.none(), label=_("Role"), empty_label=_("Choose a role"))
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, *args: Any, staff: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].queryset = Role.objects.exclude(staff=staff)  # type: ignore[attr-defined]


class ReachForm(forms.Form):
    brand = forms.ModelChoiceField(Brand.objects.none(), label=_("Brand"), empty_label=_("Choose a brand"))

    def __init__(self, *args: Any, staff: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["brand"].queryset = Brand.objects.exclude(pk__in=[brand.pk for brand in staff.brands])  # type: ignore[attr-defined]
