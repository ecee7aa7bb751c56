"""The message broker, seen from the side of the sweeper."""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings
from kombu.transport.redis import Channel
from redis.exceptions import RedisError

from forecastlab.lib import dispatch, redis_clients


@cache
def _broker() -> redis.Redis:
    return redis_clients.brief(settings.CELERY_BROKER_URL)


def messages_in(queue: str) -> int | None:
    """Return how many messages wait in a queue, or None when the broker does not answer."""
    try:
        return sum(int(_broker().llen(one)) for one in _lists(queue))
    except RedisError:
        return None


def _lists(queue: str) -> list[str]:
    """Return Kombu's names for the lists of a queue: one for each priority that is used."""
    return [queue, f"{queue}{Channel.sep}{dispatch.LATER}"]
