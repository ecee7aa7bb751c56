"""The message broker, seen from the side of the sweeper."""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings
from redis.exceptions import RedisError

from forecastlab.lib import redis_clients


@cache
def _broker() -> redis.Redis:
    return redis_clients.brief(settings.CELERY_BROKER_URL)


def messages_in(queue: str) -> int | None:
    """Return how many messages wait in a queue, or None when the broker does not answer."""
    try:
        return int(_broker().llen(queue))
    except RedisError:
        return None
