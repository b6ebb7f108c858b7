from django.db import migrations


class Migration(migrations.Migration):
    """Looks at players, newest first, without walking everything else that happened: those in clear are rare, and so is a colleague who is looked for.

    The kinds are those of players/timeline/looks.py; a test holds the two together.
    """

    dependencies = [("players", "0033_access_extension"), ("audit", "0003_of_player_by_type")]
    operations = [
        migrations.RunSQL(
            "CREATE INDEX audit_event_looks ON audit_event (happened_at DESC, id DESC) WHERE player_id IS NOT NULL AND type IN"
            " ('player.viewed', 'player.revealed', 'work.attachment_opened', 'search.personal', 'audit.personal_revealed')",
            "DROP INDEX audit_event_looks",
        )
    ]
