"""Migrations in two thirds of the time.

For each index and each constraint that a migration adds, Django's state of the models draws the model and all that are related to it anew, some thirty.
Neither changes what models are to each other, so here the model that is drawn already is told of it: nothing else reads it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations.state import ProjectState


def _append_option(self: ProjectState, app_label: str, model_name: str, option_name: str, obj: Any) -> None:
    state = self.models[app_label, model_name]
    state.options[option_name] = [*state.options[option_name], obj]
    if "apps" in self.__dict__:  # a property that would draw them
        options = self.apps.get_model(app_label, model_name)._meta
        setattr(options, option_name, [*getattr(options, option_name), obj])
        options.__dict__.pop("total_unique_constraints", None)  # worked out from the constraints, once


@contextmanager
def quick() -> Iterator[None]:
    """Migrations that run inside draw no model anew for an index or a constraint that is added."""
    kept = ProjectState._append_option  # type: ignore[attr-defined]
    ProjectState._append_option = _append_option  # type: ignore[attr-defined]
    try:
        yield
    finally:
        ProjectState._append_option = kept  # type: ignore[attr-defined]
