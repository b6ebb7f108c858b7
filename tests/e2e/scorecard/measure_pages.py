"""Every page that people open: rules, policy, geometry, long words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from backoffice.access.models import Staff
from tests.e2e import rules
from tests.e2e.conftest import House
from tests.e2e.scorecard.board import BOARD, measures
from tests.pages import DOOR, OWNER, Place, places
from tests.people import make_person
from tests.world import furnish

WIDE, NARROW, NARROWEST = {"width": 1280, "height": 900}, {"width": 375, "height": 812}, {"width": 320, "height": 640}
ZOOMED = {"width": 640, "height": 450}  # a window of 1280 by 900 at 200 %


@dataclass
class Found:
    """What breaks which gate: item, what was looked at, and everything that was found."""

    of: dict[tuple[int, str], list[str]] = field(default_factory=dict)

    def add(self, item: int, what: str, place: Place, found: Iterable[object]) -> None:
        self.of.setdefault((item, what), []).extend(f"{place.name}: {one}" for one in found)

    def tell(self) -> None:
        for (item, what), found in sorted(self.of.items()):
            BOARD.count(item, what, list(dict.fromkeys(found)))


@measures(1, 6, 20, 21)
@pytest.mark.timeout(3_000)
def measure_every_page(house: House, browser: Any, open_browser: Callable[..., Any]) -> None:
    owner = make_person("owner", name="Dana Petrova")
    walk = places(furnish(house.brand), owner)
    assert len(walk) > 50
    signed_in = open_browser(owner).context.storage_state()
    found, foreign, pages = Found(), set(), {}
    for who, state in ((OWNER, signed_in), (DOOR, None)):
        context = browser.new_context(viewport=WIDE, reduced_motion="reduce", storage_state=state)
        context.add_init_script(rules.WATCH_POLICY)
        context.on("request", lambda request: foreign.add(urlsplit(request.url).netloc))
        pages[who] = context.new_page()
    try:
        for place in walk:
            page = pages[place.who]
            answer = page.goto(house.url + place.path)
            assert answer.status == 200, (place, answer.status)
            look_at(place, page, found)
        Staff.objects.filter(pk=owner.pk).update(language="de")
        for place in walk:
            if place.who == OWNER and place.name != "integrations:docs":  # the manual is English on purpose
                pages[OWNER].goto(house.url + place.path)
                in_german(place, pages[OWNER], found)
        Staff.objects.filter(pk=owner.pk).update(language="en")
        found.tell()
        BOARD.count(6, "requests to other origins", sorted(foreign - {urlsplit(house.url).netloc}))
        BOARD.later(21, "right to left", "0", "no language that is written so is offered")
        BOARD.later(21, "Japanese", "0", "not offered")
        shortcuts(house, pages[OWNER], owner)
    finally:
        for page in pages.values():
            page.context.close()


def look_at(place: Place, page: Any, found: Found) -> None:
    """One visit: every variant, every window, and its words made longer at the end."""
    found.add(6, "script, style or handlers inside a page", place, page.evaluate(rules.INLINE))
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            rules.settle(page)
            broken = [f"{rule}, {count}: `{html}`" for rule, html, count in rules.violations(page)]
            found.add(1, f"every page in {scheme}, {size['width']} px", place, broken)
        found.add(20, f"targets below 24 px without room around them, {size['width']} px", place, (f"`{one}`" for one in page.evaluate(rules.TARGETS)))
        found.add(20, f"focus covered, {size['width']} px", place, (f"`{one}`" for one in page.evaluate(rules.OBSCURED)))
    page.set_viewport_size(NARROWEST)
    found.add(20, "wider than a window of 320 px", place, too_wide(page))
    page.set_viewport_size(ZOOMED)
    found.add(20, "zoomed to 200 %: too wide or cut off", place, [*too_wide(page), *page.evaluate(rules.CLIPPED)])
    found.add(6, "refused by the policy", place, page.evaluate("window.refused"))
    page.evaluate(rules.LENGTHEN)
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        found.add(21, f"every word 40 % longer, {size['width']} px: too wide or cut off", place, [*too_wide(page), *page.evaluate(rules.CLIPPED)])


def in_german(place: Place, page: Any, found: Found) -> None:
    said = page.get_attribute("html", "lang")
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        cut = [*too_wide(page), *page.evaluate(rules.CLIPPED)] if said == "de" else [f"its language is {said}"]
        found.add(21, f"German, {size['width']} px: too wide, cut off, or not German", place, cut)


def too_wide(page: Any) -> list[str]:
    over = rules.too_wide(page)
    return [f"{over} px too wide"] if over > 0 else []


def shortcuts(house: House, page: Any, owner: Staff) -> None:
    pressed = {}
    for choice in ("on", "off"):
        Staff.objects.filter(pk=owner.pk).update(shortcuts=choice)
        page.goto(house.url + "/withdrawals/")
        page.keyboard.press("f")
        pressed[choice] = page.evaluate("document.activeElement.id")
    BOARD.put(20, "single letters can be switched off", "yes", "yes" if pressed == {"on": "f_q", "off": ""} else pressed, pressed == {"on": "f_q", "off": ""})
