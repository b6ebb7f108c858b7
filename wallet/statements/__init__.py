"""Statements for players (GLI-19 2.5.7): what came in, what went out and what was left, from the ledger, as PDF and CSV.

A statement is made as of one ledger position, in pieces, by a job. One that does not add up is never issued (docs/statements.md).
"""

NO_LETTER = 2  # how the process that sets the paper ends when a letter is in no font; here, so that only that process loads typst
