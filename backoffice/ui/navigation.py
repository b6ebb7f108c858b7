"""What the sidebar, the top bar and the search box show. Every room plugs its own pages in from `AppConfig.ready()`.

An item without its permission is not rendered, and an item exists only when its page does: there are no dead links.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backoffice.ui import numbers

Text = str | Promise  # a label may be translated late

GROUPS: dict[str, Text] = {
    "Home": _("Home"), "Work": _("Work"), "Players": _("Players"), "Money": _("Money"), "Growth": _("Growth"), "Insight": _("Insight"), "Control": _("Control"),
}  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One page in the sidebar. `permission` is a catalogue name; an empty one means every signed-in person."""

    group: str
    label: Text
    url_name: str
    icon: str
    permission: str = ""
    count: Callable[[HttpRequest], int | None] | None = None
    order: int = 50
    pinned: bool = False  # kept at the foot of the sidebar

    def __post_init__(self) -> None:
        if self.group not in GROUPS:
            raise ValueError(f"{self.group} is not a group of the sidebar. Groups are {', '.join(GROUPS)}.")


@dataclass(frozen=True)
class BarItem:
    """An icon in the top bar with a number on it, such as jobs or notifications."""

    label: Text
    url_name: str
    icon: str
    permission: str = ""
    count: Callable[[HttpRequest], int | None] | None = None
    order: int = 50


@dataclass(frozen=True)
class SearchBox:
    """Where the header's search form goes, and whether this person has anything to search."""

    url_name: str
    placeholder: Text
    available: Callable[[HttpRequest], bool]
    palette_url_name: str = ""  # answers with options as somebody types; without it Ctrl-K goes to the box


@dataclass(frozen=True)
class Link:
    """An item as this request sees it."""

    label: str
    url: str
    icon: str
    count: int | None
    current: bool
    pinned: bool = False

    @property
    def count_text(self) -> str:
        if not self.count:
            return ""
        return numbers.capped(self.count)


@dataclass
class Group:
    code: str
    label: Text
    links: list[Link] = field(default_factory=list)


_items: dict[str, Item] = {}
_bar: dict[str, BarItem] = {}
_search: list[SearchBox] = []
_exports: list[Callable[[HttpRequest, str], str]] = []


def register(item: Item) -> None:
    """Add a page to the sidebar. Registering the same page again replaces it, so that reloading stays harmless."""
    _items[item.url_name] = item


def register_in_bar(item: BarItem) -> None:
    """Add an icon to the top bar."""
    _bar[item.url_name] = item


def offer_search(*, url_name: str, placeholder: Text, available: Callable[[HttpRequest], bool], palette_url_name: str = "") -> None:
    """Put the search box into the header. Without this call, and for people with nothing to search, there is no box."""
    _search[:] = [SearchBox(url_name, placeholder, available, palette_url_name)]


def offer_exports(link: Callable[[HttpRequest, str], str]) -> None:
    """Let lists be exported: `link` says where the list of this address is, or "" for who may not. Without this call no list offers it."""
    _exports[:] = [link]


def export_link(request: HttpRequest, code: str) -> str:
    return next((link(request, code) for link in _exports if _signed_in(request)), "")


def search_box(request: HttpRequest) -> SearchBox | None:
    return next((box for box in _search if _signed_in(request) and box.available(request)), None)


def items(staff: Any) -> list[Item]:
    """The pages of the sidebar that a person may open, in its order."""
    return _ordered(item for item in _items.values() if not item.permission or staff.may(item.permission))


def groups(request: HttpRequest) -> list[Group]:
    """The sidebar for this request: only what the person may open, with counts and the current page marked."""
    by_label = {code: Group(code, label) for code, label in GROUPS.items()}
    for item, link in _links(request):
        by_label[item.group].links.append(link)
    return [group for group in by_label.values() if group.links]


def bar(request: HttpRequest) -> list[Link]:
    return [
        Link(str(item.label), reverse(item.url_name), item.icon, item.count(request) if item.count else None, current=False)
        for item in sorted(_bar.values(), key=lambda item: (item.order, item.url_name))
        if may(request, item.permission)
    ]


def may(request: HttpRequest, permission: str) -> bool:
    """Whether the person of this request holds the permission. Screens ask here, so that they know nothing about roles."""
    return _signed_in(request) and (not permission or request.user.may(permission))  # type: ignore[union-attr]


def _signed_in(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return bool(user and user.is_authenticated)


def _ordered(found: Iterable[Item]) -> list[Item]:
    return sorted(found, key=lambda item: (list(GROUPS).index(item.group), item.pinned, item.order, item.url_name))


def _links(request: HttpRequest) -> Iterator[tuple[Item, Link]]:
    visible = _ordered(item for item in _items.values() if may(request, item.permission))
    urls = {item.url_name: reverse(item.url_name) for item in visible}
    here = _current(request.path, urls.values())
    for item in visible:
        url = urls[item.url_name]
        yield item, Link(str(item.label), url, item.icon, item.count(request) if item.count else None, url == here, item.pinned)


def _current(path: str, urls: Iterable[str]) -> str:
    """The registered address that contains the page: the longest one that the path starts with."""
    matching = [url for url in urls if path == url or (url != "/" and path.startswith(url))]
    return max(matching, key=len, default="")
