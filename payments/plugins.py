"""Where payments plugs itself into the kit: schedules, demo processes, navigation, routers."""

from backoffice.work import schedules


def plug_in() -> None:
    schedules.every(2, task="payments.tasks.sweep")
    schedules.every(3, task="players.tasks.send_due_messages")
