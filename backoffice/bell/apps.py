from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BellConfig(AppConfig):
    name = "backoffice.bell"
    label = "bell"
    verbose_name = "Notices"

    def ready(self) -> None:
        from backoffice.access.models import read_with_person
        from backoffice.bell import rights, selectors
        from backoffice.runtime import probes, schedules
        from backoffice.ui import navigation

        rights.declare()
        read_with_person("unseen_notices", selectors.unseen_by_brand)
        navigation.register_in_bar(navigation.BarItem(_("Notices"), "bell:notices", "bell", count=selectors.unseen_of, order=20))
        probes.queue("queue.notices", _("E-mail about notices"), table="bell_mail", where="state = 'queued'")
        schedules.every(5, task="backoffice.bell.tasks.send_due")
        schedules.every(3600, task="backoffice.bell.tasks.forget_old")
