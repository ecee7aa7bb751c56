"""Orders of people: nobody may do this for now, or may again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import DatabaseError, connection, transaction
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _

from agents.models import Control, Session
from agents.services.uncertainty import uncertain
from forecastlab.accounts.models import User
from forecastlab.accounts.services import access
from forecastlab.events.services import log
from forecastlab.lib import logs
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.errors import BadInput, NotFound
from forecastlab.lib.redaction import redacted_text
from forecastlab.warehouse.models import Dataset

logger = logs.logger(__name__)

STREAM = "controls.all"
ORDERS = ("resume", "hold", "drain", "abort")
LONGEST_KEY = 100
LONGEST = timedelta(days=3652)
# The newest unexpired order of every scope that a session is in: the lab, its dataset, and who
# acts for whom in it. Asked several times in every turn, so the statement is at hand.
NEWEST = """
select distinct on (scope, key) "order" from agents_control
where (expires_at is null or expires_at > statement_timestamp()) and (
    scope = 'lab'
    or scope = 'dataset' and key = %(dataset)s
    or scope = 'actor' and key in (select username from accounts_user where id = any(%(users)s))
)
order by scope, key, id desc
"""


class NoSuchScope(BadInput):
    """An order is for the lab, a dataset, an actor or a ticket."""

    code = "no_such_scope"


class NoSuchSubject(NotFound):
    """What the order is about is not there, or not for you."""

    code = "no_such_subject"


@dataclass(frozen=True, slots=True)
class Scope:
    """What an order is about: `kind`, and the key of one such thing (none for the lab)."""

    kind: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}" if self.key else self.kind


def scope(text: str, *, by: User) -> Scope:
    """Read `lab`, `dataset:NAME`, `actor:USER` or `ticket:REF`.

    Raises NoSuchScope for another form, and NoSuchSubject.
    """
    kind, _colon, key = text.strip().partition(":")
    key = key.strip()
    if kind not in Control.Scope.values or bool(key) == (kind == "lab") or len(key) > LONGEST_KEY:
        raise NoSuchScope(
            hint=_("Write lab, dataset:NAME, actor:USER or ticket:REF."), field="scope"
        )
    if kind == "dataset":
        found = Dataset.objects.visible_to(by).filter(name=key).first()
        if found is None:
            raise NoSuchSubject(_("There is no dataset '%s'.") % key, field="scope")
        return Scope(kind, str(found.pk))
    if kind == "actor" and not User.objects.filter(username=key).exists():
        raise NoSuchSubject(_("There is no user '%s'.") % key, field="scope")
    return Scope(kind, key)


def issue(
    order: str,
    about: Scope,
    *,
    reason: str,
    by: User,
    at: datetime,
    expires_at: datetime | None = None,
) -> Control:
    """Keep an order of a person; the newest of its scope counts until it expires."""
    access.check(by, "control.set")
    if order not in ORDERS:
        raise BadInput(_("The order is hold, drain, abort or resume."), field="order")
    _check_end(expires_at, at)
    with transaction.atomic():
        made = Control.objects.create(
            scope=about.kind,
            key=about.key,
            order=order,
            reason=redacted_text(reason.strip()),
            issued_by=by,
            issued_at=at,
            expires_at=expires_at and expires_at.astimezone(UTC),
        )
        # Everybody may follow the stream; not everybody may know what the order is about.
        payload = {"control": made.pk}
        log.append([NewEvent(STREAM, "control.issued", payload)], actor_id=by.pk, at=at)
    return made


def _check_end(expires_at: datetime | None, at: datetime) -> None:
    if expires_at is None:
        return
    if is_naive(expires_at):
        raise BadInput(_("Say of which time zone the moment is."), field="expires_at")
    if not at < expires_at <= at + LONGEST:
        raise BadInput(_("An order ends after it begins, within ten years."), field="expires_at")


def standing(session: Session) -> str:
    """Return the strictest order that stands for a session: "", hold, drain or abort.

    Where orders cannot be read it is hold: uncertainty lets nothing happen.
    """
    try:
        with uncertain(), connection.cursor() as cursor:
            dataset = str(session.dataset_id) if session.dataset_id else None
            users = [session.actor_id, session.requested_by_id]
            cursor.execute(NEWEST, {"dataset": dataset, "users": users})
            orders = [order for (order,) in cursor.fetchall()]
    except DatabaseError as error:
        logger.warning("orders cannot be read, so nothing may happen: %s", error)
        return "hold"
    strictest = max(orders, key=ORDERS.index, default="resume")
    return "" if strictest == "resume" else strictest
