from django.db import migrations


class Migration(migrations.Migration):
    """The one row of the mode. The app's login may change it, never add or remove one."""

    dependencies = [("operations", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "INSERT INTO operations_mode (id, mode, reason, version) VALUES (1, 'normal', '', 1) ON CONFLICT DO NOTHING", "DELETE FROM operations_mode"
        )
    ]
