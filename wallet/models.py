"""Money at rest. Transactions and entries are written by the posting functions alone (wallet/ledger.py)."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.jobs.models import Job
from backoffice.scope.models import BrandScoped, Jurisdiction
from players.models import Player
from wallet.kinds import AccountKind, Reference, TransactionKind
from wallet.lifecycles import REMITTANCE


class MoneyField(models.DecimalField):
    """Units of a currency, exact to 18 decimals; whether it fits its currency's exponent is checked where it is made."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs["max_digits"], kwargs["decimal_places"] = 38, 18
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


class Currency(models.Model):
    """ISO 4217 and crypto assets. `exponent` is the number of decimals: JPY 0, EUR 2, KWD 3, BTC 8, ETH 18."""

    FIAT, CRYPTO = "fiat", "crypto"

    id = models.SmallAutoField(primary_key=True)
    code = models.CharField(max_length=10, unique=True)
    name = models.CharField(max_length=60)
    exponent = models.SmallIntegerField()
    kind = models.CharField(max_length=6, choices=[(FIAT, _("Fiat")), (CRYPTO, _("Crypto"))])

    class Meta:
        ordering = ("code",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(exponent__gte=0, exponent__lte=18), name="wallet_currency_exponent_0_to_18"),
        ]

    def __str__(self) -> str:
        return self.code


class Account(BrandScoped):
    """What a player or the house holds in one currency. Positive: the account holds money for its owner (a credit).

    Running: the row carries the exact balance and is locked by postings. Appended: the balance is a snapshot at the last
    sequenced position; what came after is added when it is read (`wallet.balances`).
    """

    player = models.ForeignKey(Player, null=True, on_delete=models.PROTECT, related_name="accounts", db_index=False)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.SmallIntegerField(choices=AccountKind.choices)
    counterparty = models.CharField(max_length=60, blank=True, help_text="A provider, bank account, game provider, jackpot or affiliate.")
    running = models.BooleanField()
    floor = MoneyField(null=True, help_text="The balance never goes below it; none on appended accounts.")
    overdraft = MoneyField(default=0, help_text="How far a chargeback has pushed it below the floor.")
    balance = MoneyField(default=0)
    version = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["player", "currency", "kind"], condition=Q(player__isnull=False), name="wallet_account_of_player"),
            models.UniqueConstraint(fields=["brand", "kind", "counterparty", "currency"], condition=Q(player=None), name="wallet_account_of_house"),
            models.CheckConstraint(
                condition=Q(overdraft__gte=0) & (Q(floor=None) | Q(balance__gte=F("floor") - F("overdraft"))), name="wallet_account_above_floor"
            ),
            models.CheckConstraint(
                condition=Q(player__isnull=False, kind__lt=10, running=True, floor__isnull=False)
                | Q(player=None, kind__gte=10, kind__lt=40, running=False, floor=None)
                | Q(player=None, kind__gte=40, running=True, floor__isnull=False),
                name="wallet_account_kept_as_its_kind_says",
            ),
        ]

    def __str__(self) -> str:
        owner = f"player {self.player_id}" if self.player_id else self.counterparty or "house"
        return f"{self.get_kind_display()} {owner} {self.currency_id}"


class Transaction(models.Model):
    """One posting: a header whose entries sum to zero per currency. Never changes, never disappears."""

    id = models.BigAutoField(primary_key=True)
    brand_id = models.BigIntegerField()
    player_id = models.BigIntegerField(null=True)
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    reference_id = models.BigIntegerField(null=True)
    reverses = models.BigIntegerField(null=True)
    kind = models.SmallIntegerField(choices=TransactionKind.choices)
    reference_type = models.SmallIntegerField(null=True, choices=Reference.choices)
    key = models.TextField()
    meta = models.JSONField(null=True)

    class Meta:
        managed = False
        db_table = "wallet_transaction"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.key}"


class Entry(models.Model):
    """One leg of a transaction: a signed amount on an account, and what a running account held after it."""

    pk = models.CompositePrimaryKey("transaction_id", "leg")
    transaction = models.ForeignKey(Transaction, on_delete=models.DO_NOTHING, related_name="entries", db_constraint=False)
    leg = models.SmallIntegerField()
    account = models.ForeignKey(Account, on_delete=models.DO_NOTHING, related_name="entries", db_constraint=False)
    currency = models.ForeignKey(Currency, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)
    recorded_at = models.DateTimeField()
    amount = MoneyField()
    balance_after = MoneyField(null=True)

    class Meta:
        managed = False
        db_table = "wallet_entry"


class Wallet(models.Model):
    """What limits a player's money as a whole: a freeze, and a ceiling per balance. Made on first use, under the player's lock."""

    player = models.OneToOneField(Player, on_delete=models.PROTECT, primary_key=True, related_name="wallet")
    frozen_at = models.DateTimeField(null=True)
    frozen_reason = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"Wallet of player {self.player_id}"


class Counter(models.Model):
    """An exact sum of an hour, kept in the same transaction as what it counts: velocity and limits read it at decision time."""

    pk = models.CompositePrimaryKey("player_id", "measure", "currency_id", "hour")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="+", db_index=False)
    measure = models.CharField(max_length=40)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", db_index=False)
    hour = models.DateTimeField()
    amount = MoneyField(default=0)
    count = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.measure} {self.hour:%Y-%m-%d %H}"


class Hold(BrandScoped):
    """Cash promised to something else, a withdrawal mostly. What is not captured yet stands on the player's hold account."""

    PLACED, CLOSED = "placed", "closed"

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="holds")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    amount = MoneyField()
    captured = MoneyField(default=0)
    released = MoneyField(default=0)
    state = models.CharField(max_length=10, choices=[(PLACED, _("Placed")), (CLOSED, _("Closed"))], default=PLACED)
    placed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, db_index=True)
    key = models.CharField(max_length=120, unique=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0, captured__gte=0, released__gte=0), name="wallet_hold_amounts_positive"),
            models.CheckConstraint(condition=Q(amount__gte=F("captured") + F("released")), name="wallet_hold_never_more_than_placed"),
            models.CheckConstraint(
                condition=Q(state="placed", closed_at=None, amount__gt=F("captured") + F("released"))
                | Q(state="closed", closed_at__isnull=False, amount=F("captured") + F("released")),
                name="wallet_hold_closed_when_nothing_remains",
            ),
        ]

    def __str__(self) -> str:
        return f"Hold {self.key}"


class DailyTotal(BrandScoped):
    """Sums per account, transaction kind and day of the brand's clock. Caught up by position; reports read it instead of entries."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.SmallIntegerField(choices=TransactionKind.choices)
    day = models.DateField()
    test = models.BooleanField(help_text="Moved by a test player: left out of every figure (GLI-19 A.2.5).")
    credits = MoneyField(default=0)
    debits = MoneyField(default=0)
    count = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["account", "day", "kind", "test"], name="wallet_dailytotal_once")]
        indexes: ClassVar = [models.Index(fields=["brand", "day"], name="wallet_dailytotal_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.get_kind_display()}"


class DayClose(BrandScoped):
    """A day of a brand whose books are closed: nothing takes effect in it any more."""

    day = models.DateField()
    closed_at = models.DateTimeField()
    closed_by_id = models.BigIntegerField()
    through_transaction = models.BigIntegerField(help_text="The last ledger position that the closed books contain.")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["brand", "day"], name="wallet_dayclose_once")]

    def __str__(self) -> str:
        return f"{self.day} closed"


class ExchangeRate(models.Model):
    """How many units of `quote` one unit of `base` was worth, from a named source, at a time."""

    base = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    quote = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    rate = models.DecimalField(max_digits=38, decimal_places=18)
    source = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["base", "quote", "source", "at"], name="wallet_exchangerate_once"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="wallet_exchangerate_positive"),
        ]
        indexes: ClassVar = [models.Index(fields=["base", "quote", "-at"], name="wallet_exchangerate_latest")]

    def __str__(self) -> str:
        return f"{self.base_id}/{self.quote_id} {self.rate}"


class RemittanceQuerySet(models.QuerySet["Remittance"]):
    def visible_to(self, staff: Any) -> "RemittanceQuerySet":
        return self.filter(brand_id__in=staff.reach())


class Remittance(BrandScoped):
    """Unclaimed money of one market and currency that two people agreed to pay to whom the law names, and the bank's payment of it (wallet/unclaimed)."""

    jurisdiction = models.ForeignKey(Jurisdiction, on_delete=models.PROTECT, related_name="+")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    amount = MoneyField()
    players = models.IntegerField(help_text="Whose money it was, counted.")
    whom = models.CharField(max_length=80, help_text="As the pack named them when these players were told.")
    state = models.CharField(max_length=10, choices=REMITTANCE.choices, default="agreed")
    version = models.IntegerField(default=1)
    agreed_at = models.DateTimeField()
    bank = models.CharField(max_length=60, blank=True, help_text="The house's account that it was paid from.")
    reference = models.CharField(max_length=80, blank=True, help_text="The bank's number of the payment.")
    paid_on = models.DateField(null=True, help_text="The bank's day of the payment.")
    ended_at = models.DateTimeField(null=True, help_text="When the payment was booked, or it was cancelled.")

    objects = RemittanceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            REMITTANCE.constraint("wallet_remittance_state"),
            models.CheckConstraint(condition=Q(amount__gt=0, players__gt=0), name="wallet_remittance_of_something"),
            models.CheckConstraint(
                condition=Q(state="paid", paid_on__isnull=False) & ~Q(bank="") & ~Q(reference="") | ~Q(state="paid") & Q(paid_on=None, bank="", reference=""),
                name="wallet_remittance_paid_with_its_proof",
            ),
            models.CheckConstraint(condition=Q(state="agreed", ended_at=None) | ~Q(state="agreed") & Q(ended_at__isnull=False), name="wallet_remittance_ended"),
            models.UniqueConstraint(fields=["brand", "bank", "reference"], condition=Q(state="paid"), name="wallet_remittance_one_payment"),
        ]
        indexes: ClassVar = [models.Index(fields=["brand", "-id"], name="wallet_remittance_newest")]

    def __str__(self) -> str:
        return f"RM-{self.pk}"


class RemittanceLine(models.Model):
    """One player's share of a remittance: a posting that took the money, whole. Released when the remittance is cancelled."""

    remittance = models.ForeignKey(Remittance, on_delete=models.PROTECT, related_name="lines")
    dormancy = models.ForeignKey("players.Dormancy", on_delete=models.PROTECT, related_name="remitted")
    transaction_id = models.BigIntegerField()
    amount = MoneyField()
    released = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["transaction_id"], condition=Q(released=False), name="wallet_remittanceline_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="wallet_remittanceline_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.remittance_id}: {self.transaction_id}"


class StatementQuerySet(models.QuerySet["Statement"]):
    def visible_to(self, staff: Any) -> "StatementQuerySet":
        return self.filter(brand_id__in=staff.reach())


class Statement(BrandScoped):
    """What a player, or staff for them, asked to see of the ledger (wallet/statements). How far it has come is said by its job; the row stays."""

    FORMS: ClassVar = [("pdf", "PDF"), ("csv", "CSV")]

    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="statements", db_index=False)
    since = models.DateField()
    until = models.DateField(help_text="The last day, itself included.")
    timezone = models.CharField(max_length=64, help_text="Whose days these are.")
    language = models.CharField(max_length=8)
    form = models.CharField(max_length=3, choices=FORMS)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    asked_at = models.DateTimeField()
    key = models.CharField(max_length=120)
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="statement")
    issued_at = models.DateTimeField(null=True)
    horizon = models.BigIntegerField(null=True, help_text="The player's last ledger transaction that it knows of.")
    lines = models.IntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the file as it was issued; stays when the file is gone.")

    objects = StatementQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["player", "key"], name="wallet_statement_key"),
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="wallet_statement_period"),
            models.CheckConstraint(condition=Q(form__in=["pdf", "csv"]), name="wallet_statement_form"),
            models.CheckConstraint(
                condition=Q(issued_at=None, horizon=None, lines=None, sha256="")
                | Q(issued_at__isnull=False, horizon__isnull=False, lines__isnull=False) & ~Q(sha256=""),
                name="wallet_statement_issued_whole",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["player", "-id"], name="wallet_statement_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"ST-{self.pk}"
