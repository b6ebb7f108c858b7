"""The sentences of this room's own facts and of the kit's, which knows no players: work on items, comments, searches, looks at the record."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.search import registry
from backoffice.work import queues
from players import revealing
from players.timeline import declared
from players.timeline.declared import About, Said, Text, Values

JUDGED = ("payments.view", "players.confirm_instruments")  # who reads why colleagues did what they did


def _signed_in(values: Values) -> Text:
    return _("Signed in from a new device: %(device)s %(country)s") if values.get("new_device") else _("Signed in: %(device)s %(country)s")


def _tagged(values: Values) -> Text:
    return _("Tags of %(subject)s: %(tags)s") if values.get("tags") else _("%(subject)s has no tags any more")


def _assigned(values: Values) -> Text:
    return _("%(subject)s assigned to %(name)s") if values.get("name") else _("%(subject)s assigned to nobody")


def _value(values: Values) -> Values:
    """A revealed value by its label."""
    try:
        return {"what": revealing.get(str(values.get("value")))[0].label}
    except KeyError:
        return {"what": values.get("value")}


def _searched(values: Values) -> Values:
    """What was searched by, in the words of the search box."""
    found = ((name, registry.operator(name)) for name in values.get("by", ()))
    return {"what": [str(operator.why) if operator is not None else name for name, operator in found]}


OWN = (
    Said(type="player.registered", category="account", text=_("Registered under %(jurisdiction)s, in %(currency)s"), icon="flag", tone="success"),
    Said(type="player.signed_in", category="account", text=_signed_in, icon="phone"),
    Said(type="player.sign_in_refused", category="account", text=_("Sign-in refused: %(device)s %(country)s"), icon="ban", tone="attention"),
    Said(type="player.active", category="account", text=_("Account active"), icon="passed", tone="success"),
    Said(type="player.suspended", category="account", text=_("Account suspended"), icon="pause", tone="attention"),
    Said(type="player.closed", category="account", text=_("Account closed"), icon="ban", tone="critical"),
    Said(
        type="instrument.added", category="identity", text=_("Added %(label)s ••%(last4)s at %(provider)s"), icon="card",
        permission="players.view_instruments",
    ),
    Said(
        type="instrument.changed", category="identity", text=_("Changed %(label)s ••%(last4)s at %(provider)s"), icon="card", tone="attention",
        permission="players.view_instruments",
    ),
    Said(
        type="instrument.confirmed", category="identity", text=_("Confirmed %(label)s ••%(last4)s as the player’s own"), icon="passed", tone="success",
        permission="players.view_instruments",
    ),
    Said(
        type="instrument.removed", category="identity", text=_("Took %(label)s ••%(last4)s out of use"), icon="minus", permission="players.view_instruments"
    ),
    Said(type="player.viewed", category="looks", text=_("Looked at the player’s page"), icon="eye"),
    Said(type="player.revealed", category="looks", text=_("Saw in clear: %(what)s"), icon="eye", tone="attention", also=_value),
)  # fmt: skip
OF_THE_KIT = (
    Said(type="work.snoozed", category="work", text=_("Set %(subject)s aside"), icon="clock", judged=JUDGED),
    Said(type="work.woken", category="work", text=_("Brought %(subject)s back"), icon="clock"),
    Said(type="work.assigned", category="work", text=_assigned, icon="user"),
    Said(type="work.escalated", category="work", text=_("%(subject)s escalated to %(role)s"), icon="flag", tone="attention", judged=JUDGED),
    Said(type="work.tagged", category="work", text=_tagged, icon="tag"),
    Said(type="work.taken_over", category="work", text=_("%(subject)s taken over by %(name)s"), icon="user", judged=JUDGED),
    Said(type="work.note_written", category="staff", text=_("Commented on %(subject)s"), icon="note"),
    Said(type="work.note_edited", category="staff", text=_("Reworded a comment on %(subject)s"), icon="note"),
    Said(type="work.attachment_opened", category="looks", text=_("Opened an attachment of %(subject)s"), icon="file"),
    Said(type="search.personal", category="looks", text=_("Searched for the player by: %(what)s"), icon="search", also=_searched),
    Said(type="audit.personal_revealed", category="looks", text=_("Saw personal values of a fact in clear"), icon="eye", tone="attention"),
)


def _queue(subject: str) -> About:
    """Items of a queue, under the number of each."""
    queue = queues.get(subject)
    return About(
        type=subject, name=lambda pk: f"{queue.title} #{pk}", url=lambda pk: reverse(queue.detail, args=[pk]), permission=queue.view,
    )  # fmt: skip


def plug_in() -> None:
    declared.register(*OWN, *OF_THE_KIT)
    declared.register(
        About(type="players.player", name=lambda _pk: str(_("the player"))),
        _queue("players.instrument"),
    )
