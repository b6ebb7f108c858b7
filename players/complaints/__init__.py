"""Complaints of players: clocks that run day and night, an outcome with a reason, kept for years (GLI-19 A.4.4)."""
