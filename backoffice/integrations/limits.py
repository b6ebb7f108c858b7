"""How often a key may call, and that a signature is used for one thing only. Both live in the cache.

Without the cache the API still works: money is safe by idempotency keys, and a lost count is no reason to turn players away.
"""

import time

import structlog
from django.conf import settings
from django.core.cache import cache

log = structlog.get_logger(__name__)
MINUTE = 60


def over(key_id: str, *, now: float) -> int:
    """Count a request of a key. Seconds to wait when its minute is used up, otherwise 0."""
    minute, second = divmod(int(now), MINUTE)
    name = f"api:rate:{key_id}:{minute}"
    try:
        cache.add(name, 0, timeout=2 * MINUTE)
        count = cache.incr(name)
    except Exception as away:  # whatever the cache's client raises when its server is away
        log.warning("api.rate_not_counted", error=type(away).__name__)
        return 0
    return MINUTE - second if count > settings.API_REQUESTS_PER_MINUTE else 0


def first_use(signature: str, *, purpose: str, window: int) -> bool:
    """Whether this signature was not used for another purpose (an idempotency key) within the time it is good for."""
    name = f"api:signature:{signature}"
    try:
        return cache.add(name, purpose, timeout=2 * window) or cache.get(name, purpose) == purpose
    except Exception as away:
        log.warning("api.signature_not_remembered", error=type(away).__name__)
        return True


def clock() -> float:
    """Seconds since the epoch."""
    return time.time()
