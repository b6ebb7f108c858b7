"""Who may open what: one row for every URL of the house, held against it by `test_url_table.py`.

`who` is "public", "signed in", or a permission. HOLDERS says which roles have each permission, on purpose a second time:
a default that changes in code has to be changed here too, by somebody who means it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

PUBLIC, SIGNED_IN = "public", "signed in"

HOLDERS: dict[str, set[str]] = {
    "scope.all_brands": {"owner", "auditor"},
    "access.view_people": {"owner", "auditor", "compliance"},
    "access.manage_people": {"owner"},
    "access.lift_lockout": {"owner", "head-of-payments"},
}


@dataclass(frozen=True)
class Row:
    who: str
    method: str = "get"
    allow: int = 200  # status for who may
    args: Callable[[Any], list[Any]] = lambda world: []  # arguments of the address, from the test's world
    data: Callable[[Any], dict[str, Any]] = lambda world: {}
    elsewhere: Callable[[Any], list[Any]] | None = None  # the same for an object of a brand out of reach: answers 404
    elsewhere_status: int = 404
    anonymous: int = field(default=302)  # status without a sign-in, for what is not public


def _person(world: Any) -> list[Any]:
    return [world.person.pk]


ROWS: dict[str, Row] = {
    # ui
    "ui:home": Row(SIGNED_IN),
    "ui:preference": Row(PUBLIC, "post", 302, data=lambda world: {"theme": "dark"}),
    "ui:styleguide": Row(SIGNED_IN),
    "ui:live": Row(PUBLIC),
    "ui:ready": Row(PUBLIC),
    # sign-in and one's own account
    "account_login": Row(PUBLIC, allow=302),  # a signed-in person is sent home
    "mfa_authenticate": Row(PUBLIC, allow=302),
    "account_logout": Row(PUBLIC, "post", 302),
    "account_inactive": Row(PUBLIC),
    "account_reset_password": Row(PUBLIC),
    "account_reset_password_done": Row(PUBLIC),
    "account_reset_password_from_key": Row(PUBLIC, args=lambda world: ["1", "wrong"]),
    "account_reset_password_from_key_done": Row(PUBLIC),
    "account_reauthenticate": Row(SIGNED_IN),
    "account_change_password": Row(SIGNED_IN),
    "mfa_reauthenticate": Row(SIGNED_IN),
    "mfa_index": Row(SIGNED_IN),
    "mfa_activate_totp": Row(SIGNED_IN, allow=302),  # it is set up already
    "mfa_deactivate_totp": Row(SIGNED_IN),
    "mfa_view_recovery_codes": Row(SIGNED_IN),
    "mfa_generate_recovery_codes": Row(SIGNED_IN),
    "mfa_download_recovery_codes": Row(SIGNED_IN),
    "usersessions_list": Row(SIGNED_IN),
    # people
    "access:scope": Row(SIGNED_IN, "post", 302, data=lambda world: {"brand": world.brand.code}, elsewhere=lambda world: []),
    "access:profile": Row(SIGNED_IN),
    "access:people": Row("access.view_people"),
    "access:roles": Row("access.view_people"),
    "access:person": Row("access.view_people", args=_person),
    "access:add-person": Row("access.manage_people"),
    "access:grant-role": Row("access.manage_people", "post", 302, args=_person, data=lambda world: {"role": world.role.pk, "reason": "Test"}),
    "access:revoke-role": Row("access.manage_people", "post", 302, args=lambda world: [world.person.pk, "support"]),
    "access:grant-reach": Row("access.manage_people", "post", 302, args=_person, data=lambda world: {"brand": world.other_brand.pk}),
    "access:revoke-reach": Row("access.manage_people", "post", 302, args=lambda world: [world.person.pk, world.brand.code]),
    "access:lift-lockout": Row("access.lift_lockout", "post", 302, args=_person),
    "access:reset-second-factor": Row("access.manage_people", "post", 302, args=_person, data=lambda world: {"reason": "Test"}),
    "access:set-active": Row("access.manage_people", "post", 302, args=_person, data=lambda world: {"active": "0", "reason": "Test"}),
}

# What the `elsewhere` request sends, where it differs from the allowed one.
ELSEWHERE_DATA: dict[str, Callable[[Any], dict[str, Any]]] = {"access:scope": lambda world: {"brand": world.other_brand.code}}
