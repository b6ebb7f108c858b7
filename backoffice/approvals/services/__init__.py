"""The only ways to move a change. Errors of the engine are here, so that every file raises the same ones."""

from typing import Any

from django.utils.translation import gettext as _

from backoffice.approvals.registry import Refused
from backoffice.audit.lifecycle import NotAllowed


class StaleChange(Exception):
    """The change moved on since the person saw it. Carries it as it is now, so that the screen can say who and what."""

    def __init__(self, change: Any) -> None:
        super().__init__(_("Somebody else moved this change first."))
        self.change = change


class Drifted(Exception):
    """What the draft was written against has changed since. The draft has to be looked at again."""

    def __init__(self, change: Any) -> None:
        super().__init__(_("The values in force changed since this was drafted."))
        self.change = change


class Invalid(Exception):
    """The proposed values are not right. Lists what is wrong, in the form's words."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class SamePerson(NotAllowed):
    """The requester, or somebody who has decided already, tried to decide."""


class ReasonRequired(Exception):
    """A submission and a rejection need a reason."""


__all__ = ["Drifted", "Invalid", "NotAllowed", "ReasonRequired", "Refused", "SamePerson", "StaleChange"]
