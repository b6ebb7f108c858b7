"""What accounts share, asked of the database for many players at once. Every way goes through an index and gives at most `MOST` others a value,
so that a fingerprint of a whole café costs no more than that."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from backoffice.audit.actors import Actor
from backoffice.audit.record import machine, record
from players.lifecycles import DUPLICATE
from players.models import Duplicate, DuplicateSweep, Player
from players.models.personal import mailbox_digest

MOST = 20
WEIGHTS = {"instrument": 4, "email": 4, "name_birth": 3, "phone": 3, "device": 2}
CHUNK = 500
MOST_NEW = 100  # pairs that one transaction writes: a fingerprint of a café makes some ten thousand at once, more than two seconds can hold

# `{way}` is `>` in the round over all players, which meets each pair once, and `<>` for one player's page. Names are compared as the index of names folds them,
# and `+ 0` keeps the planner off the primary key: with a limit it hopes to meet a namesake soon, and reads every later player when there is none.
_SHARED = """
WITH chunk AS (
    SELECT id, brand_id, phone_digest, mailbox_digest, players_folded(first_name) AS first, players_folded(last_name) AS last, birth_date FROM players_player
    WHERE id = ANY(%(ids)s::bigint[]) AND NOT is_test
), found AS (
    SELECT c.id, o.player_id AS other, 'instrument' AS kind FROM chunk c JOIN players_instrument i ON i.player_id = c.id AND i.detail_digest <> ''
        CROSS JOIN LATERAL (SELECT s.player_id FROM players_instrument s
            WHERE s.detail_digest = i.detail_digest AND s.detail_digest <> '' AND s.player_id {way} c.id LIMIT %(most)s) o
    UNION SELECT c.id, o.player_id, 'device' FROM chunk c JOIN players_device d ON d.player_id = c.id
        CROSS JOIN LATERAL (SELECT s.player_id FROM players_device s WHERE s.fingerprint = d.fingerprint AND s.player_id {way} c.id LIMIT %(most)s) o
    UNION SELECT c.id, o.id, 'phone' FROM chunk c CROSS JOIN LATERAL (SELECT s.id FROM players_player s
        WHERE s.phone_digest = c.phone_digest AND s.phone_digest <> '' AND s.id + 0 {way} c.id LIMIT %(most)s) o
    UNION SELECT c.id, o.id, 'email' FROM chunk c CROSS JOIN LATERAL (SELECT s.id FROM players_player s
        WHERE s.mailbox_digest = c.mailbox_digest AND s.mailbox_digest <> '' AND s.id + 0 {way} c.id LIMIT %(most)s) o
    UNION SELECT c.id, o.id, 'name_birth' FROM chunk c CROSS JOIN scope_brand b CROSS JOIN LATERAL (SELECT s.id FROM players_player s
        WHERE s.brand_id = b.id AND players_folded(s.last_name) = c.last AND players_folded(s.first_name) = c.first AND s.birth_date = c.birth_date
        AND s.id + 0 {way} c.id LIMIT %(most)s) o
)
SELECT f.id, f.other, array_agg(f.kind ORDER BY f.kind), c.brand_id, p.brand_id FROM found f JOIN chunk c ON c.id = f.id
JOIN players_player p ON p.id = f.other AND NOT p.is_test GROUP BY f.id, f.other, c.brand_id, p.brand_id
"""


@dataclass(frozen=True)
class Shared:
    """Two players, and the kinds of what they share (keys of WEIGHTS)."""

    player_id: int
    other_id: int
    kinds: tuple[str, ...]
    brand_id: int
    other_brand_id: int

    @property
    def strength(self) -> int:
        return sum(WEIGHTS[kind] for kind in self.kinds)


def _shared(ids: Sequence[int], way: str) -> list[Shared]:
    with connection.cursor() as cursor:
        cursor.execute(_SHARED.format(way=way), {"ids": list(ids), "most": MOST})
        return [Shared(one, other, tuple(kinds), brand, others) for one, other, kinds, brand, others in cursor.fetchall()]


def of_player(player_id: int, *, reach: Iterable[int]) -> list[Shared]:
    """Who shares something with a player now, strongest first, within these brands. One query."""
    brands = set(reach)
    return sorted((one for one in _shared([player_id], "<>") if one.other_brand_id in brands), key=lambda one: (-one.strength, one.other_id))


def sweep(*, now: datetime, chunk: int = CHUNK) -> int:
    """Look at the next players of the round and keep the pairs that are found. Gives how many players were looked at; 0 at the end of a round.

    Interrupted, it begins again where the last committed chunk ended.
    """
    _mailboxes(chunk)
    with transaction.atomic():
        DuplicateSweep.objects.get_or_create(pk=1)
        here = DuplicateSweep.objects.select_for_update().get(pk=1)
        ids = list(Player.objects.filter(pk__gt=here.position).order_by("pk").values_list("pk", flat=True)[:chunk])
        found, known = _shared(ids, ">"), _known(ids)
        ids = _affordable(ids, found, known)
        here.position = ids[-1] if ids else 0
        here.save(update_fields=["position"])
        _keep([one for one in found if one.player_id <= here.position], known, now=now)
    return len(ids)


def _known(ids: Sequence[int]) -> dict[tuple[int, int], Duplicate]:
    return {(row.first_id, row.player_id): row for row in Duplicate.objects.select_for_update(of=("self",)).filter(first__in=ids)}


def _affordable(ids: Sequence[int], found: Sequence[Shared], known: Mapping[tuple[int, int], Duplicate]) -> list[int]:
    """As many of the players, from the first on, as bring new pairs that one transaction can write; one at least."""
    new = Counter(one.player_id for one in found if (one.player_id, one.other_id) not in known)
    taken, pairs = 0, 0
    for player_id in ids:
        pairs += new[player_id]
        if taken and pairs > MOST_NEW:
            break
        taken += 1
    return list(ids[:taken])


def _mailboxes(chunk: int) -> None:
    """Work the mailbox out for players that were written past the model, such as by an import."""
    rows = list(Player.objects.filter(mailbox_digest=None).exclude(email_digest="").order_by("pk")[:chunk])
    for row in rows:
        row.mailbox_digest = mailbox_digest(row.email)
    Player.objects.bulk_update(rows, ["mailbox_digest"], batch_size=500)


def _keep(found: Sequence[Shared], known: Mapping[tuple[int, int], Duplicate], *, now: datetime) -> None:
    house = Actor.system(machine())
    for one in found:
        row = known.get((one.player_id, one.other_id))
        if row is None:
            row = Duplicate.objects.create(
                brand_id=one.other_brand_id, first_id=one.player_id, player_id=one.other_id, other_brand_id=one.brand_id, evidence=list(one.kinds),
                strength=one.strength, found_at=now,
            )  # fmt: skip
            record(
                "duplicate.found", actor=house, at=now, brand_id=row.brand_id, player_id=row.player_id, subject=row,
                after={"state": "open", "with": row.first_id, "shares": row.evidence},
            )  # fmt: skip
        elif row.evidence != list(one.kinds):
            Duplicate.objects.filter(pk=row.pk).update(evidence=list(one.kinds), strength=one.strength)
            if row.state == "dismissed" and not set(one.kinds) <= set(row.judged):
                DUPLICATE.move(row, to="open", by=house, now=now, fact="duplicate.found_again", evidence={"with": row.first_id, "shares": list(one.kinds)})
