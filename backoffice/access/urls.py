"""Sign-in, second factor and people. Of allauth's pages only those exist that this house uses."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.usersessions import views as usersessions
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path, re_path

from backoffice.access import views

people = [
    path("scope/", views.choose_brand, name="scope"),
    path("account/", views.profile, name="profile"),
    path("people/", views.people, name="people"),
    path("people/add/", views.add_person, name="add-person"),
    path("people/roles/", views.roles, name="roles"),
    path("people/<int:pk>/", views.person, name="person"),
    path("people/<int:pk>/roles/", views.grant_role, name="grant-role"),
    path("people/<int:pk>/roles/<slug:code>/revoke/", views.revoke_role, name="revoke-role"),
    path("people/<int:pk>/brands/", views.grant_reach, name="grant-reach"),
    path("people/<int:pk>/brands/<slug:code>/revoke/", views.revoke_reach, name="revoke-reach"),
    path("people/<int:pk>/unlock/", views.lift_lockout, name="lift-lockout"),
    path("people/<int:pk>/second-factor/reset/", views.reset_second_factor, name="reset-second-factor"),
    path("people/<int:pk>/active/", views.set_active, name="set-active"),
]

# allauth finds its own pages by these names.
urlpatterns = [
    path("", include((people, "access"))),
    path("sign-in/", account.login, name="account_login"),
    path("sign-in/code/", mfa.authenticate, name="mfa_authenticate"),
    path("sign-out/", account.logout, name="account_logout"),
    path("account/closed/", login_not_required(account.account_inactive), name="account_inactive"),
    path("account/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("account/confirm/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/password/forgotten/", account.password_reset, name="account_reset_password"),
    path("account/password/forgotten/sent/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^account/password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("account/password/changed/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("account/second-factor/", mfa.index, name="mfa_index"),
    path("account/second-factor/set-up/", totp.activate_totp, name="mfa_activate_totp"),
    path("account/second-factor/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/second-factor/recovery-codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/second-factor/recovery-codes/new/", recovery.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("account/second-factor/recovery-codes/download/", recovery.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("account/sessions/", usersessions.list_usersessions, name="usersessions_list"),
]
