"""Messages to players: put into words and queued in the transaction of what they tell of, sent by a worker if the player may be contacted
then, retried, never sent twice on purpose. What they say are templates that staff change by approval (kinds.py)."""

from players.messages.sending import assume_sent, due, queue, send

__all__ = ["assume_sent", "due", "queue", "send"]
