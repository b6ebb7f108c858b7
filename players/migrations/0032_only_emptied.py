from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql" / "only_emptied.sql"
DROP = "DROP TRIGGER only_emptied ON players_block; DROP TRIGGER only_emptied ON players_consent; DROP TRIGGER only_emptied ON players_signin;"


class Migration(migrations.Migration):
    dependencies = [("players", "0031_folded_names")]
    operations = [migrations.RunSQL(SQL.read_text(), f"{DROP} DROP FUNCTION players_only_emptied")]
