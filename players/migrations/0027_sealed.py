"""Tickets and messages are sealed with the player's key: what stands there in clear is sealed here."""

import json

from django.db import migrations, models

from backoffice.audit.sealed import seal, seal_column


def seal_rows(apps, schema_editor):
    seal_column(apps.get_model("players", "Ticket").objects, "subject_sealed")
    for column in ("author_sealed", "text_sealed"):
        seal_column(apps.get_model("players", "TicketMessage").objects, column, player="ticket__player_id")
    messages = apps.get_model("players", "Message").objects
    for column in ("subject_sealed", "body_sealed"):
        seal_column(messages, column)
    for row in messages.filter(context_sealed__startswith="{").only("pk", "player_id", "context_sealed", "queued_at"):
        said = json.loads(row.context_sealed)
        messages.filter(pk=row.pk).update(context_sealed=seal(said, player_id=row.player_id, at=row.queued_at) if said else "")


class Migration(migrations.Migration):

    dependencies = [
        ('players', '0025_merges'),
        ('audit', '0003_of_player_by_type'),
    ]

    operations = [
        migrations.RenameField('ticket', 'subject', 'subject_sealed'),
        migrations.AlterField('ticket', 'subject_sealed', models.TextField(help_text="Sealed with the player's key.")),
        migrations.RenameField('ticketmessage', 'author_name', 'author_sealed'),
        migrations.AlterField('ticketmessage', 'author_sealed', models.TextField(blank=True, help_text="The author's name, sealed with the player's key.")),
        migrations.RenameField('ticketmessage', 'text', 'text_sealed'),
        migrations.AlterField('ticketmessage', 'text_sealed', models.TextField(help_text="Sealed with the player's key.")),
        migrations.RenameField('message', 'subject', 'subject_sealed'),
        migrations.AlterField(
            'message', 'subject_sealed', models.TextField(blank=True, help_text="Sealed with the player's key, as its body and what was filled in."),
        ),
        migrations.RenameField('message', 'body', 'body_sealed'),
        migrations.RenameField('message', 'context', 'context_sealed'),
        migrations.AlterField('message', 'context_sealed', models.TextField(blank=True)),
        migrations.RunPython(seal_rows, migrations.RunPython.noop),
    ]
