"""What players asked the help desk. The help desk's word counts for its own tickets; those without an id of it are kept here by hand."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.audit.sealed import Sealed
from backoffice.scope.models import BrandScoped


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, staff: object) -> "TicketQuerySet":
        return self.filter(brand_id__in=staff.reach())  # type: ignore[attr-defined]


class Ticket(BrandScoped):
    """One conversation. `external_id` is the help desk's own, unique within the brand; empty for one that is kept by hand."""

    OPEN, PENDING, SOLVED, CLOSED = "open", "pending", "solved", "closed"
    STATES: ClassVar = [(OPEN, _("Open")), (PENDING, _("Waits for the player")), (SOLVED, _("Solved")), (CLOSED, _("Closed"))]

    player = models.ForeignKey("players.Player", on_delete=models.PROTECT, related_name="tickets", db_index=False)
    external_id = models.CharField(max_length=80, blank=True)
    subject_sealed = models.TextField(help_text="Sealed with the player's key.")
    state = models.CharField(max_length=8, choices=STATES, default=OPEN)
    link = models.CharField(max_length=500, blank=True, help_text="Its page at the help desk.")
    opened_at = models.DateTimeField()
    updated_at = models.DateTimeField(help_text="When the help desk last changed it, or staff here.")
    version = models.IntegerField(default=1)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)  # staff, of one kept by hand

    subject = Sealed("subject_sealed")
    objects = TicketQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=["open", "pending", "solved", "closed"]), name="players_ticket_state"),
            models.CheckConstraint(condition=Q(link="") | Q(link__startswith="https://"), name="players_ticket_link"),
            models.CheckConstraint(condition=Q(external_id="", by__isnull=False) | ~Q(external_id="") & Q(by=None), name="players_ticket_has_one_home"),
            models.UniqueConstraint(fields=["brand", "external_id"], condition=~Q(external_id=""), name="players_ticket_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["player", "-updated_at", "-id"], name="players_ticket_of_player")]

    def __str__(self) -> str:
        return f"{self.name} {self.subject}"

    @property
    def name(self) -> str:
        return self.external_id or f"TK-{self.pk}"

    @property
    def by_hand(self) -> bool:
        return not self.external_id

    @property
    def waits(self) -> bool:
        return self.state in {self.OPEN, self.PENDING}


class TicketMessage(models.Model):
    """One thing that was said in a ticket. It stays as it was said."""

    PLAYER, AGENT = "player", "agent"
    AUTHORS: ClassVar = [(PLAYER, _("Player")), (AGENT, _("Staff"))]

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="messages", db_index=False)
    external_id = models.CharField(max_length=80)
    author = models.CharField(max_length=6, choices=AUTHORS)
    author_sealed = models.TextField(blank=True, help_text="The author's name, sealed with the player's key.")
    text_sealed = models.TextField(help_text="Sealed with the player's key.")
    at = models.DateTimeField()

    author_name = Sealed("author_sealed", player="ticket.player_id")
    text = Sealed("text_sealed", player="ticket.player_id")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(author__in=["player", "agent"]), name="players_ticketmessage_author"),
            models.UniqueConstraint(fields=["ticket", "external_id"], name="players_ticketmessage_once"),
        ]

    def __str__(self) -> str:
        return f"{self.author} in ticket {self.ticket_id}"
