"""Runs that the clock starts."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.lib.contributions import DueTime, Json, Started
from forecastlab.lib.errors import BadInput
from showcase.services import configs, runs


def check(options: Json, by: User, at: datetime) -> None:
    """Look whether a run could be started with these options; raises BadInput or NotFound.

    It cannot be kept under a name: the second one would find it taken.
    """
    if options.get("keep") not in (None, "", True, False):
        told = _("Every run that is kept needs a name of its own.")
        raise BadInput(
            told, hint=_('With {"keep": true} each is kept under its number.'), field="keep"
        )
    configs.prepare(options, by=by, at=at)


def start(due: DueTime) -> Started:
    """Start the run of a due time, as its owner; asked for again it is the same one."""
    run = runs.start(due.params, by=due.by, at=due.at, key=due.key)
    return Started(_("run %s") % run.pk, run.get_absolute_url(), run.name)
