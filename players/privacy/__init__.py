"""What a person may ask about their own data: everything that is held as a file (GDPR Art. 15), and erasure (Art. 17). docs/personal-data.md."""

WORK = "players.personal_data"  # ask for everything held, deliver it, refuse it
ERASE = "players.erase"  # ask for an erasure, and agree to somebody else's
READ_KEPT = "players.read_kept"  # read what the law keeps of an erased player
