"""`@ana.novak` in a note: the beginning of a colleague's e-mail address, or the whole of it when two people share the beginning."""

import re
from collections.abc import Iterable, Mapping

from django.db.models import Q
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from backoffice.access.models import Staff
from backoffice.work.items import NotPossible

# After a letter or a digit an @ is part of an address, not a mention.
MENTION = re.compile(r"(?<![\w.@+-])@([A-Za-z0-9](?:[A-Za-z0-9._+-]*[A-Za-z0-9])?(?:@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)?)")
MOST = 20


def handles(text: str) -> list[str]:
    """Whom the text names, in small letters, each once, in the order of the text."""
    return list(dict.fromkeys(found.lower() for found in MENTION.findall(text)))


def handle_of(person: Staff) -> str:
    return person.email.partition("@")[0]


def beginning(text: str) -> Q:
    """Those whose handle or one of whose names begins with the text."""
    return Q(email__istartswith=text) | Q(name__istartswith=text) | Q(name__icontains=f" {text}")


def people(text: str) -> dict[str, Staff]:
    """Each handle of the text with its person. Raises NotPossible for a name that nobody has, or that two have. At most one query."""
    wanted = handles(text)
    if not wanted:
        return {}
    if len(wanted) > MOST:
        raise NotPossible(_("A note mentions at most %(most)s people.") % {"most": MOST})
    like = Q()
    for handle in wanted:
        like |= Q(email=handle) if "@" in handle else Q(email__startswith=f"{handle}@")
    found = list(Staff.objects.filter(like, is_active=True).with_roles())
    return {handle: _only(handle, found) for handle in wanted}


def _only(handle: str, found: Iterable[Staff]) -> Staff:
    fitting = [one for one in found if handle in {one.email, handle_of(one)}]
    if not fitting:
        raise NotPossible(_("Nobody is called @%(handle)s here. Write @ and the beginning of their e-mail address.") % {"handle": handle})
    if len(fitting) > 1:
        both = ", ".join(f"@{one.email}" for one in fitting)
        raise NotPossible(_("@%(handle)s is more than one person: write %(both)s.") % {"handle": handle, "both": both})
    return fitting[0]


def write(text: str, names: Mapping[str, str]) -> SafeString:
    """The text for a page: escaped, lines kept, people by name. `names` is by handle."""
    parts, at = [], 0
    for found in MENTION.finditer(text):
        name = names.get(found.group(1).lower())
        if name is None:
            continue
        parts += [conditional_escape(text[at : found.start()]), format_html('<b class="mention" title="{}">@{}</b>', found.group(0), name)]
        at = found.end()
    parts.append(conditional_escape(text[at:]))
    return mark_safe("".join(parts).replace("\n", "<br>"))  # noqa: S308 (each part is escaped above)
