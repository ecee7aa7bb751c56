"""The message broker, seen from the side of the sweeper."""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

TIMEOUT = 2.0


@cache
def _broker() -> redis.Redis:
    return redis.Redis.from_url(
        settings.CELERY_BROKER_URL,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 1),  # by default somebody would wait for ten seconds
    )


def messages_in(queue: str) -> int | None:
    """Return how many messages wait in a queue, or None when the broker does not answer."""
    try:
        return int(_broker().llen(queue))
    except RedisError:
        return None
