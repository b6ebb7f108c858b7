"""How names are compared: without accents, in capitals ("muller" finds Müller). The database decides what is found (migrations/sql/folded.sql)."""

import unicodedata

from django.db.models import Func, TextField

# Letters that no decomposition takes apart, as far as European names have them.
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ı": "i"})


def folded(text: str) -> str:
    """The same in Python: for the order of what was found and for the reason beside it."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).upper()


class Folded(Func):
    function = "players_folded"
    output_field = TextField()
