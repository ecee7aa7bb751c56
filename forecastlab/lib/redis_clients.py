"""Redis for a question: it is answered soon, or not at all."""

from __future__ import annotations

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE = 2.0


def brief(url: str) -> redis.Redis:
    """Return a client that raises redis.RedisError after two seconds without an answer."""
    return redis.Redis.from_url(
        url,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 1),  # by default somebody would wait for ten seconds
    )
