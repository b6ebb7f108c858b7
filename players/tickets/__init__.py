"""Tickets of the help desk beside the player that they are about: copied here by the help desk, or kept by hand where there is none."""

TICKETS = "tickets"  # read along with a player (players/along.py)
KEEP = "players.tickets"
