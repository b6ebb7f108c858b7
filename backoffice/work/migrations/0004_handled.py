import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("work", "0003_notes"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="Handled",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject_type", models.CharField(max_length=60)),
                ("subject_id", models.BigIntegerField()),
                ("key", models.CharField(help_text="Of the request that decided it: the same request again counts once.", max_length=120)),
                ("claimed_at", models.DateTimeField(help_text="None when it was decided without a claim: in bulk, or after it ran out.", null=True)),
                ("decided_at", models.DateTimeField()),
                ("staff", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "indexes": [models.Index(fields=["staff", "decided_at"], name="work_handled_of_a_day")],
                "constraints": [models.UniqueConstraint(fields=("subject_type", "subject_id", "key"), name="work_handled_once")],
            },
        )
    ]
