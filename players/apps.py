from django.apps import AppConfig


class PlayersConfig(AppConfig):
    name = "players"

    def ready(self) -> None:
        from backoffice.integrations import scopes
        from backoffice.integrations.extension import api_routers
        from players import permissions, rights

        rights.declare()
        permissions.register()
        scopes.register("players:read", "See players and their instruments, without personal data")
        scopes.register("players:write", "Register players, report sign-ins, add and remove instruments")
        api_routers.register("", "players.api.router")
