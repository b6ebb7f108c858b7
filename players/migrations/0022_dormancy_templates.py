"""What the house writes to players whose account nobody uses: before it is dormant, and when it is."""

from django.db import migrations

SHIPPED = (
    # code, label, language: (subject, body)
    (
        "account_becomes_dormant", "Account will become dormant",
        {
            "en": (
                "Your account will become dormant",
                "Hello $first_name,\n\nyou have not signed in for a long time. From $day on your account is dormant. Your money ($money) stays yours and costs nothing."
                " Sign in before that day to keep the account open, or withdraw your money.\n\n$brand",
            ),
            "de": (
                "Ihr Konto ruht bald",
                "Hallo $first_name,\n\nSie haben sich lange nicht angemeldet. Ab dem $day ruht Ihr Konto. Ihr Geld ($money) bleibt Ihres und kostet nichts."
                " Melden Sie sich vorher an, damit das Konto offen bleibt, oder lassen Sie sich Ihr Geld auszahlen.\n\n$brand",
            ),
            "sv": (
                "Ditt konto blir vilande",
                "Hej $first_name,\n\ndu har inte loggat in på länge. Från $day är ditt konto vilande. Dina pengar ($money) är fortfarande dina och kostar inget."
                " Logga in före den dagen för att behålla kontot öppet, eller ta ut dina pengar.\n\n$brand",
            ),
        },
    ),
    (
        "account_dormant", "Account is dormant",
        {
            "en": (
                "Your account is dormant",
                "Hello $first_name,\n\nyour account is dormant since nobody has signed in for so long. Your money ($money) stays yours."
                " To use the account again, contact us: we ask for a proof of who you are.\n\n$brand",
            ),
            "de": (
                "Ihr Konto ruht",
                "Hallo $first_name,\n\nIhr Konto ruht, weil sich so lange niemand angemeldet hat. Ihr Geld ($money) bleibt Ihres."
                " Um das Konto wieder zu nutzen, melden Sie sich bei uns: Wir fragen nach einem Nachweis, wer Sie sind.\n\n$brand",
            ),
            "sv": (
                "Ditt konto är vilande",
                "Hej $first_name,\n\nditt konto är vilande eftersom ingen har loggat in på så länge. Dina pengar ($money) är fortfarande dina."
                " Kontakta oss för att använda kontot igen: vi ber dig visa vem du är.\n\n$brand",
            ),
        },
    ),
)


def ship(apps, schema_editor):
    template = apps.get_model("players", "MessageTemplate")
    template.objects.bulk_create([
        template(
            code=code, label=label, purpose="service", by_house=True, fields={}, active=True,
            texts={language: {"subject": subject, "body": body} for language, (subject, body) in texts.items()},
        )
        for code, label, texts in SHIPPED
    ])


class Migration(migrations.Migration):

    dependencies = [
        ("players", "0021_dormancy"),
    ]

    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
