"""Addresses of players."""

from backoffice.work.addresses import addresses
from players.lists import LIST
from players.queues import INSTRUMENTS

app_name = "players"
urlpatterns = [*addresses(INSTRUMENTS), *addresses(LIST)]
