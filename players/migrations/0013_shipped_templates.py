"""The message templates that ship. What the house writes by itself was code before; staff change all of them by approval from now on."""

from django.db import migrations

from backoffice.approvals.guard import guard

SHIPPED = (
    # code, label, by the house, what staff fill in, language: (subject, body)
    (
        "deposit_credited", "Deposit has arrived", True, {},
        {
            "en": (
                "Your deposit has arrived",
                "Hello $first_name,\n\nyour deposit $name of $amount $currency is in your account.\n\n$brand",
            ),
            "de": (
                "Ihre Einzahlung ist da",
                "Hallo $first_name,\n\nIhre Einzahlung $name über $amount $currency ist auf Ihrem Konto.\n\n$brand",
            ),
            "sv": (
                "Din insättning har kommit",
                "Hej $first_name,\n\ndin insättning $name på $amount $currency finns på ditt konto.\n\n$brand",
            ),
        },
    ),
    (
        "withdrawal_paid", "Withdrawal was paid", True, {},
        {
            "en": (
                "Your withdrawal has been paid",
                "Hello $first_name,\n\nwe have paid out $name: $amount $currency.\n\n$brand",
            ),
            "de": (
                "Ihre Auszahlung ist erfolgt",
                "Hallo $first_name,\n\nwir haben $name ausgezahlt: $amount $currency.\n\n$brand",
            ),
            "sv": (
                "Ditt uttag är utbetalt",
                "Hej $first_name,\n\nvi har betalat ut $name: $amount $currency.\n\n$brand",
            ),
        },
    ),
    (
        "withdrawal_rejected", "Withdrawal was not approved", True, {},
        {
            "en": (
                "Your withdrawal was not approved",
                "Hello $first_name,\n\nwe could not approve $name. $reason\n$amount $currency is back in your account.\n\n$brand",
            ),
            "de": (
                "Ihre Auszahlung wurde nicht genehmigt",
                "Hallo $first_name,\n\nwir konnten $name nicht genehmigen. $reason\n$amount $currency ist wieder auf Ihrem Konto.\n\n$brand",
            ),
            "sv": (
                "Ditt uttag godkändes inte",
                "Hej $first_name,\n\nvi kunde inte godkänna $name. $reason\n$amount $currency är tillbaka på ditt konto.\n\n$brand",
            ),
        },
    ),
    (
        "withdrawal_returned", "Bank returned a withdrawal", True, {},
        {
            "en": (
                "Your bank returned a payment",
                "Hello $first_name,\n\nyour bank sent $name back to us. $amount $currency is in your account again.\n\n$brand",
            ),
            "de": (
                "Ihre Bank hat eine Zahlung zurückgeschickt",
                "Hallo $first_name,\n\nIhre Bank hat $name zurückgeschickt. $amount $currency ist wieder auf Ihrem Konto.\n\n$brand",
            ),
            "sv": (
                "Din bank skickade tillbaka en betalning",
                "Hej $first_name,\n\ndin bank skickade tillbaka $name. $amount $currency finns på ditt konto igen.\n\n$brand",
            ),
        },
    ),
    (
        "support_answer", "Answer to a question", False, {"answer": "Your documents have arrived and are being read."},
        {
            "en": (
                "Your question to $brand",
                "Hello $first_name,\n\n$answer\n\n$brand",
            ),
            "de": (
                "Ihre Frage an $brand",
                "Hallo $first_name,\n\n$answer\n\n$brand",
            ),
            "sv": (
                "Din fråga till $brand",
                "Hej $first_name,\n\n$answer\n\n$brand",
            ),
        },
    ),
    (
        "withdrawal_delayed", "Withdrawal takes longer", False, {"payment": "WD-481"},
        {
            "en": (
                "Your withdrawal takes longer",
                "Hello $first_name,\n\nwe are still looking at $payment and are sorry that it takes longer. There is nothing that you need to do; we write again when it is decided.\n\n$brand",
            ),
            "de": (
                "Ihre Auszahlung dauert länger",
                "Hallo $first_name,\n\nwir prüfen $payment noch und bitten um Entschuldigung, dass es länger dauert. Sie müssen nichts tun; wir schreiben wieder, sobald entschieden ist.\n\n$brand",
            ),
            "sv": (
                "Ditt uttag tar längre tid",
                "Hej $first_name,\n\nvi granskar fortfarande $payment och ber om ursäkt för att det tar längre tid. Du behöver inte göra något; vi skriver igen när det är avgjort.\n\n$brand",
            ),
        },
    ),
    (
        "document_wanted", "A document is wanted", False, {"document": "proof of address"},
        {
            "en": (
                "We need a document from you",
                "Hello $first_name,\n\nplease send us this document, so that we can go on: $document. You can upload it in your account.\n\n$brand",
            ),
            "de": (
                "Wir brauchen ein Dokument von Ihnen",
                "Hallo $first_name,\n\nbitte senden Sie uns dieses Dokument, damit es weitergehen kann: $document. Sie können es in Ihrem Konto hochladen.\n\n$brand",
            ),
            "sv": (
                "Vi behöver ett dokument från dig",
                "Hej $first_name,\n\nskicka gärna detta dokument till oss så att vi kan gå vidare: $document. Du kan ladda upp det på ditt konto.\n\n$brand",
            ),
        },
    ),
)  # fmt: skip


def ship(apps, schema_editor):
    template = apps.get_model("players", "MessageTemplate")
    for code, label, by_house, fields, texts in SHIPPED:
        said = {language: {"subject": subject, "body": body} for language, (subject, body) in texts.items()}
        template.objects.get_or_create(code=code, defaults={"label": label, "purpose": "service", "by_house": by_house, "fields": fields, "texts": said})


class Migration(migrations.Migration):
    dependencies = [("players", "0012_messages"), ("approvals", "0002_guards")]
    operations = [migrations.RunPython(ship, migrations.RunPython.noop), guard("players_messagetemplate", "players.message_template")]
