from django.db import migrations


def add(apps, schema_editor):
    """The shipped roles exist in every installation; what they hold follows the catalogue until somebody adjusts them."""
    from backoffice.access.roles import SHIPPED

    Role = apps.get_model("access", "Role")
    for code, (name, purpose) in SHIPPED.items():
        Role.objects.get_or_create(code=code, defaults={"name": name, "purpose": purpose, "shipped": True})


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
