"""Indexes that searching reads by: names by their beginnings and by trigrams within a brand, external ids by their beginnings,
instruments by their last four, sign-ins by address. The trigram index has no pending list, which every search would have to read."""

from pathlib import Path

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import BtreeGinExtension
from django.db import migrations, models
from django.db.models.functions import Upper

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("players", "0002_measures")]
    operations = [
        BtreeGinExtension(),
        migrations.RemoveIndex(model_name="player", name="players_player_name_trgm"),
        migrations.AddIndex(
            model_name="player",
            index=models.Index(
                models.F("brand"), OpClass(Upper("last_name"), name="text_pattern_ops"), OpClass(Upper("first_name"), name="text_pattern_ops"),
                name="players_player_last_name",
            ),
        ),
        migrations.AddIndex(
            model_name="player",
            index=models.Index(
                models.F("brand"), OpClass(Upper("first_name"), name="text_pattern_ops"), OpClass(Upper("last_name"), name="text_pattern_ops"),
                name="players_player_first_name",
            ),
        ),
        migrations.AddIndex(
            model_name="player",
            index=models.Index(models.F("brand"), OpClass("external_id", name="varchar_pattern_ops"), name="players_player_external_like"),
        ),
        migrations.AddIndex(
            model_name="player",
            index=GinIndex(
                OpClass(
                    Upper(models.Func(models.Value(" "), "first_name", models.Value(" "), "last_name", template="%(expressions)s", arg_joiner=" || ")),
                    name="gin_trgm_ops",
                ),
                models.Func("brand", template="(- %(expressions)s)"),
                fastupdate=False,
                name="players_player_name_words",
            ),
        ),
        migrations.AddIndex(model_name="instrument", index=models.Index(fields=["brand", "last4", "kind"], name="players_instrument_last4")),
        migrations.AddIndex(model_name="signin", index=models.Index(fields=["ip", "player"], name="players_signin_ip")),
        migrations.RunSQL((SQL / "search.sql").read_text(), "DROP FUNCTION players_named, players_named_inside"),
    ]
