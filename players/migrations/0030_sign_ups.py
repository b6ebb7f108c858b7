from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("players", "0028_personal_data")]

    operations = [
        migrations.RemoveIndex(model_name="player", name="players_player_registered"),
        migrations.AddIndex(
            model_name="player",
            index=models.Index(fields=["registered_at", "brand"], condition=models.Q(is_test=False), name="players_player_sign_ups"),
        ),
    ]
