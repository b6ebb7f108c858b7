"""What a player may not do at the moment: each block stands by itself, with its reason, its source and its end."""

BLOCKS = "blocks"  # read along with a player (players/along.py)
RESTRICT = "players.restrict"
SIGN_IN, DEPOSIT, PLAY, BONUS, WITHDRAWAL, CONTACT = "sign_in", "deposit", "play", "bonus", "withdrawal", "contact"
