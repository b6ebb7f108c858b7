"""Money on dormant accounts that nobody claims: handed over when two people agree, given back in full when the player returns.

Nothing is taken by a clock. It moves from the player's cash to an account of the house that stands for the debt, and is owed as before.
"""
