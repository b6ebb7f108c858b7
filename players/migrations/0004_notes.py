"""Notes about players move to the house's notes: one home for what colleagues write to each other."""

from django.db import migrations

MOVE = """
INSERT INTO work_note (subject_type, subject_id, brand_id, player_id, author_id, text, mentions, visibility, written_at, version, key)
SELECT 'players.player', note.player_id, player.brand_id, note.player_id, note.author_id, note.text, '{}', 0, note.written_at, 1, 'moved-' || note.id
FROM players_note note JOIN players_player player ON player.id = note.player_id ORDER BY note.id
"""


class Migration(migrations.Migration):
    dependencies = [("players", "0003_search"), ("work", "0003_notes")]
    operations = [migrations.RunSQL(MOVE, migrations.RunSQL.noop), migrations.DeleteModel(name="Note")]
