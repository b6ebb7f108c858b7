from django.db import migrations


class Migration(migrations.Migration):
    """A player's facts of a few kinds, newest first, without reading the others: a category of the timeline."""

    dependencies = [("audit", "0002_record")]
    operations = [
        migrations.RunSQL(
            "CREATE INDEX audit_event_player_type ON audit_event (player_id, type, happened_at DESC, id DESC) WHERE player_id IS NOT NULL",
            "DROP INDEX audit_event_player_type",
        )
    ]
