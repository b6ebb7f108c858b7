from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy


class PlayersConfig(AppConfig):
    name = "players"

    def ready(self) -> None:
        from backoffice.integrations import scopes
        from backoffice.integrations.extension import api_routers
        from backoffice.jobs.imports.declared import imports
        from backoffice.runtime import probes, schedules
        from backoffice.ui import figures, navigation
        from backoffice.work import happening, queues
        from backoffice.work.views.index import waiting
        from players import contact_plugins, home, measures, overview, permissions, places, revealing, rights, search
        from players.arrivals import plugins as arrivals
        from players.blocks import plugins as blocks
        from players.complaints import plugins as complaints
        from players.dormancy import plugins as dormancy
        from players.duplicates import plugins as duplicates
        from players.imports import NOTES
        from players.lists import LIST
        from players.merging import plugins as merging
        from players.privacy import plugins as privacy
        from players.profile import plugins as profile
        from players.queues import INSTRUMENTS
        from players.segments import plugins as segments
        from players.tickets import plugins as tickets
        from players.timeline import shown as timeline

        rights.declare()
        permissions.register()
        measures.plug_in()
        queues.register(INSTRUMENTS)
        imports.register(NOTES)
        queues.register(LIST)
        timeline.plug_in()
        figures.register(home.figures, permission="players.view", order=20)
        search.plug_in()
        places.plug_in()
        overview.plug_in()
        blocks.plug_in()
        contact_plugins.plug_in()
        tickets.plug_in()
        segments.plug_in()
        revealing.plug_in()
        profile.plug_in()
        complaints.plug_in()
        duplicates.plug_in()
        dormancy.plug_in()
        arrivals.plug_in()
        merging.plug_in()
        privacy.plug_in()
        item = navigation.Item("Work", gettext_lazy("Instruments"), INSTRUMENTS.index, INSTRUMENTS.icon, INSTRUMENTS.view, count=waiting(INSTRUMENTS), order=40)
        navigation.register(item)
        navigation.register(navigation.Item("Players", LIST.title, LIST.index, LIST.icon, LIST.view, order=10))
        signed_up = {"player.registered": gettext_lazy("Registered")}
        happening.register(happening.Kind("sign-ups", gettext_lazy("Sign-ups"), signed_up, "players.view", tone="info"))
        happening.register_players("players.view", lambda pk: reverse("players:player", args=[pk]))
        scopes.register("players:read", "See players and their instruments, without personal data")
        scopes.register("players:write", "Register players, report sign-ins, add and remove instruments")
        api_routers.register("", "players.api.router")
        schedules.every(3, task="players.tasks.send_due_messages")
        probes.queue("queue.messages", gettext_lazy("Messages to players"), table="players_message", where="state = 'queued'")
