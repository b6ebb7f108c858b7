"""Migrations that draw no model anew for an index or a constraint see the same models as Django's."""

from django.db import models
from django.db.migrations.state import ModelState, ProjectState

from backoffice.runtime import migrating


def changed() -> tuple[bool, dict[str, list[object]], dict[str, list[object]]]:
    """Whether the model was drawn anew, and what the drawn one and the state say of its indexes and constraints."""
    state = ProjectState()
    state.add_model(ModelState("house", "Room", [("id", models.BigAutoField(primary_key=True)), ("door", models.IntegerField())], {"indexes": []}))
    state.add_model(ModelState("house", "Key", [("id", models.BigAutoField(primary_key=True)), ("room", models.ForeignKey("house.Room", models.CASCADE))]))
    state.models["house", "room"].options["constraints"] = []
    before = state.apps.get_model("house", "Room")
    assert before._meta.total_unique_constraints == []
    state.add_index("house", "room", models.Index(fields=["door"], name="room_door"))
    state.add_constraint("house", "room", models.UniqueConstraint(fields=["door"], name="one_door"))
    drawn = state.apps.get_model("house", "Room")
    names = ("indexes", "constraints", "total_unique_constraints")
    return drawn is not before, {name: list(getattr(drawn._meta, name)) for name in names}, dict(state.models["house", "room"].options)


def test_an_index_and_a_constraint_are_told_to_the_model_that_is_drawn() -> None:
    anew, drawn, said = changed()
    with migrating.quick():
        quick_anew, quick_drawn, quick_said = changed()

    assert (anew, quick_anew) == (True, False)
    assert quick_drawn == drawn
    assert quick_said == said
    assert [constraint.name for constraint in quick_drawn["total_unique_constraints"]] == ["one_door"]  # type: ignore[attr-defined]


def test_outside_django_draws_as_it_does() -> None:
    with migrating.quick():
        pass

    assert changed()[0]
