"""Why staff block something: as rows that staff change by approval. These are the first, with the codes that blocks have had so far."""

from django.db import migrations, models

from backoffice.approvals.guard import guard

SHIPPED = (
    ("PLAYER_ASKED", "The player asked for it"),
    ("PROTECTION", "Signs of harm from gambling"),
    ("FRAUD_SUSPECTED", "Fraud is suspected"),
    ("CHARGEBACK", "A deposit is disputed"),
    ("ORIGIN_OF_MONEY", "Where the money comes from is not known"),
    ("IDENTITY_UNPROVEN", "Identity is not proven"),
    ("ACCOUNT_TAKEN_OVER", "Somebody else may use the account"),
    ("TERMS_BROKEN", "Our terms were broken"),
    ("WRONG_ADDRESS", "The address belongs to somebody else"),
    ("BLOCKED_OTHER", "Other, see note"),
)


def ship(apps, schema_editor):
    reason = apps.get_model("players", "BlockReason")
    for position, (code, label) in enumerate(SHIPPED):
        reason.objects.get_or_create(code=code, defaults={"label": label, "position": position})


class Migration(migrations.Migration):
    dependencies = [("players", "0035_referred"), ("approvals", "0002_guards")]
    operations = [
        migrations.CreateModel(
            name="BlockReason",
            fields=[
                ("code", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("label", models.CharField(max_length=80)),
                ("position", models.SmallIntegerField(default=0)),
                ("active", models.BooleanField(default=True)),
            ],
            options={"ordering": ("position", "code")},
        ),
        migrations.RunPython(ship, migrations.RunPython.noop),
        guard("players_blockreason", "players.block_reason"),
    ]
