"""A player's life as one stream: every fact of the record about them, in words that the rooms declare, and what is still to come."""
