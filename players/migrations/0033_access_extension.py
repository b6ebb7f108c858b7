"""A request for everything held may take longer, once, for a reason that the player is told: the columns, and what the house writes."""

from django.db import migrations, models

CODE, LABEL = "access_extended", "Request for all data takes longer"
TEXTS = {
    "en": (
        "Your request for your data takes longer",
        "Hello $first_name,\n\nyou asked us on $asked for the data that we hold about you. We need more time to answer: $reason\n\n"
        "You get our answer by $due at the latest. If you do not agree, you may complain to the data protection authority.\n\n$brand",
    ),
    "de": (
        "Ihre Anfrage nach Ihren Daten dauert länger",
        "Hallo $first_name,\n\nSie haben uns am $asked nach den Daten gefragt, die wir über Sie haben. Wir brauchen mehr Zeit für die Antwort: $reason\n\n"
        "Sie bekommen unsere Antwort spätestens am $due. Wenn Sie nicht einverstanden sind, können Sie sich bei der Datenschutzbehörde beschweren.\n\n$brand",
    ),
    "sv": (
        "Din begäran om dina uppgifter tar längre tid",
        "Hej $first_name,\n\ndu bad oss den $asked om de uppgifter som vi har om dig. Vi behöver mer tid för att svara: $reason\n\n"
        "Du får vårt svar senast den $due. Om du inte håller med kan du klaga hos dataskyddsmyndigheten.\n\n$brand",
    ),
}


def ship(apps, schema_editor):
    apps.get_model("players", "MessageTemplate").objects.create(
        code=CODE, label=LABEL, purpose="service", by_house=True, fields={}, active=True,
        texts={language: {"subject": subject, "body": body} for language, (subject, body) in TEXTS.items()},
    )


class Migration(migrations.Migration):

    dependencies = [
        ("players", "0032_only_emptied"),
    ]

    operations = [
        migrations.AddField("accessrequest", "extended_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "accessrequest", "extension_sealed",
            models.TextField(blank=True, default="", help_text="Why it takes longer, as the player was told; sealed with the player's key."),
        ),
        migrations.RunPython(ship, migrations.RunPython.noop),
    ]
