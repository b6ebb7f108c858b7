from django.db import migrations

from backoffice.approvals.guard import guard


def limits_become_policies(apps, schema_editor):
    """One policy for each brand that had limits: one further person above them, by whoever may give second approvals."""
    amounts = {}
    for limit in apps.get_model("payments", "FourEyesLimit").objects.order_by("brand_id", "currency"):
        amounts.setdefault(limit.brand_id, {})[limit.currency] = format(limit.amount.normalize(), "f")
    policy = apps.get_model("approvals", "Policy")
    for brand_id, of_brand in amounts.items():
        policy.objects.create(kind="payments.withdrawal", brand_id=brand_id, amounts=of_brand, approvals=1)


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_reasons"), ("approvals", "0002_guards")]
    operations = [
        migrations.RunPython(limits_become_policies, migrations.RunPython.noop),
        migrations.DeleteModel(name="FourEyesLimit"),
        guard("payments_reasoncode", "payments.reason"),
    ]
