"""`make scorecard`: measures what docs/ui-scorecard.md says, and writes it."""
