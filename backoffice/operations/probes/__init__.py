"""The probes of what belongs to no other room: database, broker, processes, machine, certificates, backups. Rooms above register their own."""

from backoffice.operations.probes import certificates, database, machine, processes


def register() -> None:
    for room in (database, processes, machine, certificates):
        room.register()
