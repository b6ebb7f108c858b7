"""The frame around pages: navigation, tiles, toasts, preferences, errors, the request's id."""

import gzip
import json
import re
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import timezone

from backoffice.ui import errors, navigation, tiles, toasts
from tests.people import make_brand, make_person, signed_in

TEMPLATES = Path(django_settings.BASE_DIR) / "templates"


@pytest.fixture
def own_navigation(monkeypatch):
    monkeypatch.setattr(navigation, "_items", dict(navigation._items))
    monkeypatch.setattr(navigation, "_bar", {})
    monkeypatch.setattr(navigation, "_search", [])
    monkeypatch.setattr(tiles, "_providers", {})


@pytest.fixture
def auditor(db):
    return signed_in(make_person("auditor", brands=[make_brand()], name="Henrik Dahl"))


def sidebar(client: Client) -> list[str]:
    return re.findall(r"<span>([^<]+)</span>", client.get("/").content.decode().split('id="nav"')[1].split("</nav>")[0])


def test_the_sidebar_shows_what_a_person_may_open(own_navigation, auditor):
    shown, hidden = sidebar(auditor), sidebar(signed_in(make_person("support")))
    assert [label for label in shown if label in {"Home", "Withdrawals", "Audit log", "People"}] == ["Home", "Withdrawals", "Audit log", "People"]
    assert hidden[0] == "Home"
    assert not {"Withdrawals", "Audit log", "People"} & set(hidden)


def test_an_item_has_a_count_a_group_and_an_order(own_navigation, auditor):
    navigation.register(navigation.Item("Work", "Second", "operations:live", "check", count=lambda request: 1_500, order=2))
    navigation.register(navigation.Item("Work", "First", "operations:ready", "check", count=lambda request: 0, order=1))
    assert sidebar(auditor)[:4] == ["Home", "First", "Second", "Withdrawals"]
    page = auditor.get("/").content.decode()
    assert page.count('class="n"') == 1
    assert "1,000+" in page
    with pytest.raises(ValueError, match="is not a group"):
        navigation.Item("Toys", "x", "ui:home", "x")


def test_the_current_page_is_marked_once(auditor):
    page = auditor.get("/people/roles/").content.decode()
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', page) == ["/people/"]


def test_there_is_no_search_box_until_somebody_offers_one(own_navigation, auditor):
    assert 'id="q-top"' not in auditor.get("/").content.decode()
    navigation.offer_search(url_name="ui:home", placeholder="Search players", available=lambda request: True)
    assert 'placeholder="Search players"' in auditor.get("/").content.decode()
    navigation.offer_search(url_name="ui:home", placeholder="Search players", available=lambda request: False)
    assert 'id="q-top"' not in auditor.get("/").content.decode()


def rows_of_a_queue(request):
    yield tiles.Row("5 withdrawals claimed by you", "WD-1 is late", "/people/", "Resume", "withdraw", "critical", due=timezone.now(), count=5)
    yield tiles.Tile("Withdrawals", "42", "/people/", "withdraw", 42, "58,914.60 EUR", "3 late", "critical", (1, 2, 3), "Open, low 1, high 3")


def test_home_shows_work_from_the_registry_to_those_who_may_do_it(own_navigation, auditor):
    assert "Nothing waits for you" in auditor.get("/").content.decode()
    tiles.register(rows_of_a_queue, permission="access.view_people")
    page = auditor.get("/").content.decode()
    assert "5 withdrawals claimed by you" in page
    assert '<span class="count">5</span>' in page
    assert "58,914.60 EUR" in page
    assert "5 withdrawals" not in signed_in(make_person("support")).get("/").content.decode()


@pytest.mark.django_db
def test_somebody_without_a_role_is_told_so():
    assert "You have no role yet" in signed_in(make_person()).get("/").content.decode()


@pytest.mark.parametrize(("sent", "theme"), [("dark", "dark"), ("light", "light"), ("toggle", "dark")])
def test_a_theme_is_kept_and_rendered_by_the_server(sent, theme, auditor):
    response = auditor.post("/preferences/", {"theme": sent, "next": "/people/"})
    assert response["Location"] == "/people/"
    assert f'data-theme="{theme}"' in auditor.get("/").content.decode()


def test_a_preference_follows_the_person_to_another_browser(auditor):
    from backoffice.access.models import Staff

    auditor.post("/preferences/", {"density": "compact", "shortcuts": "off"})
    elsewhere = signed_in(Staff.objects.get(name="Henrik Dahl"))
    page = elsewhere.get("/").content.decode()
    assert 'data-density="compact"' in page
    assert 'data-shortcuts="off"' in page


def test_a_preference_that_is_none_is_refused_and_so_is_a_way_out(auditor):
    assert auditor.post("/preferences/", {"theme": "pink"}).status_code == 400
    assert auditor.post("/preferences/", {"theme": "dark", "next": "https://evil.example/"})["Location"] == "/"


def test_a_page_speaks_the_persons_zone(auditor):
    assert re.search(r"As of <time [^>]+>\d\d:\d\d:\d\d (CET|CEST)</time>", auditor.get("/").content.decode())


@pytest.mark.parametrize(
    ("offered", "kept"), [("edge-1234-abcd", True), ("a", False), ("35699123456", False), ("x" * 65, False), ("bad id\r\n", False), ("<script>alert(1)", False)]
)
def test_a_request_has_one_sane_id(offered, kept, client):
    answered = client.get("/healthz", headers={"X-Request-Id": offered})["X-Request-Id"]
    assert (answered == offered) is kept
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:-]{7,63}", answered)


def test_pages_of_a_person_are_not_for_shared_caches(auditor):
    response = auditor.get("/")
    assert {"private", "no-cache"} <= set(response["Cache-Control"].split(", "))
    assert "HX-Request" in response["Vary"]


def test_the_policy_is_strict_and_no_template_breaks_it(auditor):
    policy = auditor.get("/")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    inline = re.compile(r'\sstyle="|\son[a-z]+="|hx-on|hx-vals="js|<style|<script(?![^>]*\ssrc=)|javascript:', re.IGNORECASE)
    for template in TEMPLATES.rglob("*.html"):
        assert not inline.search(template.read_text()), template


def test_every_component_is_in_the_style_guide_and_renders(auditor):
    source = (TEMPLATES / "ui" / "styleguide.html").read_text() + (TEMPLATES / "layouts" / "base.html").read_text()
    source += (TEMPLATES / "layouts" / "_keys.html").read_text()
    names = {
        str(path.relative_to(TEMPLATES / "components").with_suffix("")).replace("/index", "").replace("/", ".").replace("_", "-")
        for path in (TEMPLATES / "components").rglob("*.html")
    }
    missing = {name for name in names if f"<c-{name} " not in source and f"<c-{name}>" not in source}
    assert missing == {"icon"}  # the tag itself is used, {% icon %}
    page = auditor.get("/styleguide/").content.decode()
    assert "<c-" not in page
    assert "{{" not in page
    assert "{%" not in page


def test_icons_that_templates_name_exist(auditor):
    page = auditor.get("/styleguide/").content.decode() + auditor.get("/people/").content.decode() + auditor.get("/account/").content.decode()
    sprite = Path(finders.find("ui/icons.svg")).read_text()
    used = set(re.findall(r"icons\.svg#([a-z]+)", page))
    assert len(used) > 60
    for template in TEMPLATES.rglob("*.html"):
        used |= set(re.findall(r'{% icon "([a-z]+)"', template.read_text()))
    assert {name for name in used if f'id="{name}"' not in sprite} == set()


def test_what_a_first_visit_loads_is_small():
    sizes = {
        name: len(gzip.compress(Path(finders.find(name)).read_bytes(), 9))
        for name in ("ui/app.css", "ui/app.js", "ui/icons.svg", "ui/icon.svg", "django_htmx/htmx-2.min.js")
    }
    assert sizes["ui/app.js"] <= 8_000
    assert sizes["ui/app.css"] <= 16_000
    assert sum(sizes.values()) <= 46_000  # leaves more than 30 kB for a page


def test_a_toast_is_the_same_on_a_page_and_under_htmx(rf, client):
    request = rf.get("/")
    request.session = {}
    request._messages = FallbackStorage(request)
    toasts.show(request, "Withdrawal approved", undo="/undo/")
    assert toasts.pending(request) == [toasts.Toast("Withdrawal approved", "success", undo="/undo/", seconds=10)]
    from django.http import HttpResponse

    assert json.loads(toasts.now(HttpResponse(), "Withdrawal approved", undo="/undo/")["HX-Trigger"]) == {
        "toast": {"text": "Withdrawal approved", "tone": "success", "undo": "/undo/", "seconds": 10}
    }


def test_a_missing_page_stays_in_the_frame_and_offers_the_other_brands(auditor):
    plain = auditor.get("/nowhere/")
    assert plain.status_code == 404
    assert 'id="nav"' in plain.content.decode()
    auditor.post("/scope/", {"brand": "nova"})
    assert "You are looking at Nova only" in auditor.get("/nowhere/").content.decode()


@pytest.mark.django_db
def test_a_missing_page_shows_a_stranger_no_frame(client):
    assert 'id="nav"' not in client.get("/nowhere/").content.decode()


@pytest.mark.parametrize(("view", "status"), [(errors.bad_request, 400), (errors.server_error, 500), (errors.unavailable, 503)])
def test_the_worst_pages_need_no_database(view, status, rf):
    request = rf.get("/")
    request.id = "abc12345"
    response = view(request)
    assert response.status_code == status
    assert "abc12345" in response.content.decode()


@pytest.mark.django_db
def test_an_expired_form_says_so():
    client = Client(enforce_csrf_checks=True)
    response = client.post("/sign-in/", {"login": "a"})
    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()
