"""Every page that people open, walked once: no rule of accessibility is broken, nothing is refused by the policy, nothing is wider than the window."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.conftest import House
from tests.e2e.rules import settle, too_wide, violations
from tests.pages import OWNER, places
from tests.people import make_person
from tests.world import furnish

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(280)]


def test_no_page_breaks_a_rule(house: House, open_browser: Callable[..., Any]) -> None:
    owner = make_person("owner", name="Dana Petrova")
    world = furnish(house.brand)
    walk = [one for one in places(world, owner) if one.name != "ui:styleguide"]  # test_screens.py walks it, in four variants
    page = open_browser(owner)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    broken = {}
    for place in sorted(walk, key=lambda one: one.who != OWNER):
        if place.who != OWNER:
            page.context.clear_cookies()
        answer = page.goto(house.url + place.path)
        assert (place.name, answer.status, place.path in answer.url) == (place.name, 200, True), answer.url
        settle(page)
        if found := [*violations(page), *(["too wide"] if too_wide(page) > 0 else [])]:
            broken[place.name] = found
    assert broken == {}
    assert len(walk) > 50
