"""Payments by the beginning of the provider's id for them."""

from django.contrib.postgres.indexes import OpClass
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_measures")]
    operations = [
        migrations.AddIndex(
            model_name=name,
            index=models.Index(
                models.F("brand"), OpClass("provider_id", name="varchar_pattern_ops"), condition=~models.Q(provider_id=""), name=index
            ),
        )
        for name, index in (("deposit", "payments_deposit_provider_id"), ("withdrawal", "payments_withdrawal_provider"))
    ]
