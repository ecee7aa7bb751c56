"""Sessions that the clock starts."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from agents.models import Session
from agents.services import sessions
from forecastlab.accounts.models import User
from forecastlab.jobs.models import Schedule
from forecastlab.lib.contributions import DueTime, Json, Started
from forecastlab.lib.errors import BadInput

TRIGGER = "schedule"
PARAMS = ("skill", "message", "dataset", "workspace")


def check(params: Json, by: User, _at: datetime) -> None:
    """Look whether a session could be asked for with these; raises BadInput or NotFound."""
    sessions.check(**_texts(params), by=by)


def start(due: DueTime) -> Started:
    """Ask for the session of a due time, as its owner; asked for again it is the same one."""
    asked = _texts(due.params)
    session = sessions.start(
        asked["skill"],
        asked["message"],
        by=due.by,
        dataset=asked["dataset"],
        workspace=asked["workspace"],
        trigger=TRIGGER,
        at=due.at,
        key=due.key,
        schedule=Schedule.objects.get(pk=due.schedule_id),
    )
    return Started(session.ref, session.get_absolute_url(), _detail(session))


def _detail(session: Session) -> str:
    """Say where nothing is worked on because an earlier one still is."""
    same = session.duplicate_of
    return _("A duplicate: %s is not over.") % same.ref if same else ""


def _texts(params: Json) -> dict[str, str]:
    for name, value in params.items():
        if name not in PARAMS:
            told = _("A session has no parameter '%s'.") % name
            raise BadInput(told, hint=_("There are: %s.") % ", ".join(PARAMS), field=name)
        if not isinstance(value, str):
            raise BadInput(_("'%s' is not a text.") % value, field=name)
    usual = {"skill": "experiment", "message": "", "dataset": "", "workspace": ""}
    return {**usual, **params}
