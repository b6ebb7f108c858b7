"""The reason codes that ship. Staff edit them later; these are the first."""

from django.db import migrations

SHIPPED = (
    # code, outcome, label, what the player is told
    ("CHECKS_OK", "approved", "Checks passed", ""),
    ("KNOWN_PLAYER", "approved", "Known player", ""),
    ("VERIFIED_BY_CONTACT", "approved", "Verified with the player", ""),
    ("RISK_ACCEPTED", "approved", "Risk accepted", ""),
    ("APPROVED_OTHER", "approved", "Other, see note", ""),
    ("NAME_MISMATCH", "rejected", "Name does not match", "The name on your payment method differs from the name on your account."),
    ("NOT_SOURCE_METHOD", "rejected", "Not the deposit method", "Please withdraw to the method that you deposited with."),
    ("KYC_INCOMPLETE", "rejected", "Identity not verified", "Please finish the verification of your identity first."),
    ("DOC_EXPIRED", "rejected", "Document expired", "A document that you sent us has expired."),
    ("TURNOVER_BELOW_1X", "rejected", "Deposit not played through", "Deposits must be played through once before they can be withdrawn."),
    ("WAGERING_OPEN", "rejected", "Wagering open", "The wagering of your bonus is not complete."),
    ("BONUS_ABUSE", "rejected", "Bonus abuse", "The request does not meet our bonus terms."),
    ("MULTI_ACCOUNT", "rejected", "Several accounts", "The request does not meet our terms on accounts."),
    ("CHARGEBACK_OPEN", "rejected", "Chargeback open", "A deposit of yours is being disputed by your bank."),
    ("REJECTED_OTHER", "rejected", "Other, see note", "Please contact support."),
    ("NEW_PAYOUT_METHOD", "held", "New payout method", ""),
    ("RECENT_CREDENTIAL_CHANGE", "held", "Recent change of details", ""),
    ("VELOCITY", "held", "Unusual frequency", ""),
    ("LARGE_AMOUNT", "held", "Large amount", ""),
    ("SOW_REQUIRED", "held", "Source of wealth needed", ""),
    ("RG_CASE_OPEN", "held", "Player protection case open", ""),
    ("PSP_DOWN", "held", "Provider is down", ""),
    ("HELD_OTHER", "held", "Other, see note", ""),
    ("NEEDS_ANOTHER_LOOK", "returned", "Needs another look", ""),
    ("INFORMATION_ARRIVED", "returned", "Information arrived", ""),
    ("RETURNED_OTHER", "returned", "Other, see note", ""),
)


def ship(apps, schema_editor):
    reason = apps.get_model("payments", "ReasonCode")
    for position, (code, outcome, label, told) in enumerate(SHIPPED):
        reason.objects.get_or_create(code=code, defaults={"outcome": outcome, "label": label, "player_text": told, "position": position})


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]
    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
