from django.apps import AppConfig


class PlayersConfig(AppConfig):
    name = "players"

    def ready(self) -> None:
        from players import permissions, rights

        rights.declare()
        permissions.register()
