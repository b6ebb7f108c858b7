"""Work on a player's profile: edits, the account's state, sessions and credentials, who it is that calls. Plugged in by plugins.py."""
