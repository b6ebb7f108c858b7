"""Names are found without their accents: the three indexes over names, and the functions that read them, hold names folded."""

from pathlib import Path

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations, models

from players.folding import Folded

SQL = Path(__file__).parent / "sql"
NAMES = ("players_player_last_name", "players_player_first_name", "players_player_name_words")


def folded(*parts):
    whole = parts if len(parts) == 1 else (models.Func(models.Value(" "), parts[0], models.Value(" "), parts[1], template="%(expressions)s", arg_joiner=" || "),)
    return Folded(*whole)


class Migration(migrations.Migration):
    dependencies = [("players", "0030_sign_ups")]
    operations = [
        UnaccentExtension(),
        *(migrations.RemoveIndex(model_name="player", name=name) for name in NAMES),
        migrations.RunSQL((SQL / "folded.sql").read_text(), migrations.RunSQL.noop),
        *(
            migrations.AddIndex(
                model_name="player",
                index=models.Index(
                    models.F("brand"), OpClass(folded(first), name="text_pattern_ops"), OpClass(folded(second), name="text_pattern_ops"),
                    name=f"players_player_{first}",
                ),
            )
            for first, second in (("last_name", "first_name"), ("first_name", "last_name"))
        ),
        migrations.AddIndex(
            model_name="player",
            index=GinIndex(
                OpClass(folded("first_name", "last_name"), name="gin_trgm_ops"), models.Func("brand", template="(- %(expressions)s)"),
                fastupdate=False, name="players_player_name_words",
            ),
        ),
    ]
