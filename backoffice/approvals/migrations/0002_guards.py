from pathlib import Path

from django.db import migrations

from backoffice.approvals.guard import guard

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0001_initial"),
        ("audit", "0002_record"),
        ("access", "0002_shipped_roles"),
        ("scope", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL((SQL / "guards.sql").read_text(), migrations.RunSQL.noop),
        guard("approvals_policy", "approvals.policy"),
        guard("access_role", "access.role"),
        guard("scope_packversion", "scope.pack"),
    ]
