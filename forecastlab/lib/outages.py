"""Telling a service that does not answer from a mistake of ours."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from forecastlab.lib.errors import Unavailable


class DatabaseDown(Unavailable):
    """The database does not answer."""

    code = "database_down"


class RedisDown(Unavailable):
    """Redis does not answer."""

    code = "redis_down"


# Connection, shutdown and resources; other states (a lock timeout, a cancelled query) are ours.
_LOST = ("08", "57P", "53")


def outage(error: BaseException | None) -> Unavailable | None:
    """Return the outage that `error` is a sign of, None when it is something else."""
    hint = _("Nothing was changed. Try again in a moment; /readyz says what is missing.")
    if isinstance(error, OperationalError | InterfaceError):
        state = getattr(error.__cause__, "sqlstate", None)
        lost = state is None or str(state).startswith(_LOST)
        return DatabaseDown(_("The database does not answer."), hint=hint) if lost else None
    if isinstance(error, RedisConnectionError | RedisTimeoutError | BrokerError):
        return RedisDown(_("Redis, which carries the work, does not answer."), hint=hint)
    return None
