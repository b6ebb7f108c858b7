from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "backoffice.jobs"
    label = "jobs"
    verbose_name = "Jobs"

    def ready(self) -> None:
        from backoffice.approvals.registry import register
        from backoffice.jobs import home, kinds, notices, permissions, rights, services, tray
        from backoffice.jobs.exports import kind, kit
        from backoffice.jobs.imports.kind import IMPORT
        from backoffice.jobs.views import exports
        from backoffice.runtime import probes, schedules
        from backoffice.ui import navigation, tiles

        rights.declare()
        permissions.register()
        notices.register()
        register(services.LARGE_EXPORTS)
        register(services.LARGE_IMPORTS)
        kinds.register(kind.EXPORT)
        kinds.register(IMPORT)
        kit.register()
        navigation.register_in_bar(navigation.BarItem(_("Jobs"), "jobs:jobs", "jobs", count=tray.running_count, order=20))
        navigation.offer_exports(exports.link)
        probes.queue("queue.jobs", _("Exports and other jobs"), table="jobs_job", where="next_attempt_at IS NOT NULL")
        schedules.every(5, task="backoffice.jobs.tasks.sweep")
        tiles.register(home.home, order=25)
