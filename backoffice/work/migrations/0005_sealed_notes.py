"""Notes about players are sealed with the player's key: what stands there in clear is sealed here."""

from django.db import migrations, models

from backoffice.audit.sealed import seal_column


def seal_rows(apps, schema_editor):
    seal_column(apps.get_model("work", "Note").objects, "text_sealed")
    seal_column(apps.get_model("work", "Attachment").objects, "name_sealed")
    seal_column(apps.get_model("work", "NoteVersion").objects, "text_sealed", player="note__player_id")


class Migration(migrations.Migration):

    dependencies = [
        ('work', '0004_handled'),
        ('audit', '0003_of_player_by_type'),
    ]

    operations = [
        migrations.RenameField('note', 'text', 'text_sealed'),
        migrations.AlterField('note', 'text_sealed', models.TextField(help_text="Sealed with the player's key where it is about a player.")),
        migrations.RenameField('attachment', 'name', 'name_sealed'),
        migrations.AlterField(
            'attachment', 'name_sealed',
            models.TextField(help_text="As it was called where it came from; sealed with the player's key where there is a player."),
        ),
        migrations.RenameField('noteversion', 'text', 'text_sealed'),
        migrations.RunPython(seal_rows, migrations.RunPython.noop),
    ]
