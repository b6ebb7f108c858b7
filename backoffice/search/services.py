"""Looking for a person by what identifies them is a fact on the record. The value that was searched is never there in clear."""

from typing import Any

from backoffice.audit import vault
from backoffice.audit.actors import Actor
from backoffice.audit.personal import Erased, Personal
from backoffice.audit.record import record
from backoffice.search.selectors import Results

FACT = "search.personal"


def note(results: Results) -> None:
    """Record a search by personal data, before its results are shown. Other searches are none of the record's business.

    When it led to one player, the value is encrypted with that player's key: erasing the player erases it here too. Otherwise a keyed
    digest stands for it, so that the same search can be told again and nothing can be read.
    """
    question = results.question
    searched = {} if question.problems else question.personal()
    if not searched:
        return
    people = {hit.player_id: hit.brand_id for hit in results if hit.player_id is not None}
    after: dict[str, Any] = {"by": sorted(searched), "players": len(people)}
    fact: dict[str, Any] = {"actor": Actor.staff(question.staff), "at": question.now, "subject": question.staff}
    digests = {name: [vault.digest(value, purpose=f"search.{name}") for value in values] for name, values in searched.items()}
    if len(people) != 1:
        record(FACT, **fact, after={**after, "digests": digests})
        return
    [(player_id, brand_id)] = people.items()
    try:
        record(FACT, **fact, player_id=player_id, brand_id=brand_id, after={**after, "searched": Personal(searched)})
    except Erased:
        record(FACT, **fact, player_id=player_id, brand_id=brand_id, after={**after, "digests": digests})
