from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils.translation import gettext as _

from forecastlab.accounts.models import IdempotencyKey, User
from forecastlab.lib.errors import BadInput, Conflict

KEPT = timedelta(days=1)
LONGEST_KEY = 200
PATIENCE_MS = 5000
_LOCK_TIMEOUT = "55P03"


class KeyReused(Conflict):
    """This Idempotency-Key was sent before with another request."""

    code = "idempotency_key_reused"


class StillRunning(Conflict):
    """The same request is still being carried out."""

    code = "still_running"


@dataclass(frozen=True, slots=True)
class Request:
    user: User
    key: str
    method: str
    path: str
    body_digest: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: bytes


def once(request: Request, carry_out: Callable[[], Answer], *, at: datetime) -> tuple[Answer, str]:
    """Return the answer to `request` and "given" or "stored"; the effect happens once.

    Key, effect and answer commit together: after a crash none of them is there, and the request
    may come again. Of two at once the unique key makes the second wait for the first. A refusal
    (4xx, 5xx) changes nothing, so it is rolled back, not stored, and may be tried again.
    """
    if not 0 < len(request.key) <= LONGEST_KEY or not request.key.isprintable():
        detail = _("An Idempotency-Key has 1 to %d characters.") % LONGEST_KEY
        raise BadInput(detail, field="Idempotency-Key")
    with transaction.atomic():
        mine = _claim(request, at)
        if mine is None:
            return _stored(request), "stored"
        answer = carry_out()
        if answer.status >= 400:
            transaction.set_rollback(True)
            return answer, "given"
        IdempotencyKey.objects.filter(pk=mine.pk).update(
            status=answer.status, content_type=answer.content_type, response=answer.body
        )
    return answer, "given"


def forget_old_keys(at: datetime) -> int:
    return IdempotencyKey.objects.filter(created_at__lt=at - KEPT).delete()[0]


def _claim(request: Request, at: datetime) -> IdempotencyKey | None:
    """Insert the key; None when it is there. Waits for a request that holds it, not for ever."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{PATIENCE_MS}ms"])
            mine = IdempotencyKey.objects.create(
                user=request.user,
                key=request.key,
                method=request.method,
                path=request.path,
                body_digest=request.body_digest,
                created_at=at,
            )
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
            return mine
    except IntegrityError:
        return None
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == _LOCK_TIMEOUT:
            raise StillRunning(hint=_("Send it again in a moment.")) from error
        raise


def _stored(request: Request) -> Answer:
    found = IdempotencyKey.objects.get(user=request.user, key=request.key)
    sent = (request.method, request.path, request.body_digest)
    if sent != (found.method, found.path, found.body_digest):
        raise KeyReused(field="Idempotency-Key", hint=_("Use a new key for a new request."))
    return Answer(found.status or 0, found.content_type, bytes(found.response))
