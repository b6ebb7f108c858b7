from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("wallet", "0001_initial"), ("audit", "0002_record"), ("players", "0001_initial"), ("scope", "0001_initial")]
    operations = [
        migrations.RunSQL((SQL / "ledger.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "upkeep.sql").read_text(), migrations.RunSQL.noop),
    ]
