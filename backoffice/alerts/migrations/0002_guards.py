from django.db import migrations

from backoffice.approvals.guard import guard


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_initial"), ("approvals", "0002_guards")]
    operations = [guard("alerts_rule", "alerts.rule")]
