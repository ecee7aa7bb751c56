"""Calls of tools as the server makes them, over sales that were judged once."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
from django.test import override_settings
from django.utils import timezone

from agents.models import Session
from agents.queries import tools
from agents.services import sessions
from forecastlab.accounts.models import User
from forecastlab.forecasting.models import ForecastIssue
from forecastlab.lib.contributions import AgentTool, ToolContext, ToolResult
from tests.factories import make_group, make_run, make_version, run_job, work_off

HORIZON = 7


def unheard(fraction: float | None = None, text: str = "") -> None:
    """Be told how far a tool is, and let it go on."""


def make_context(by: User, dataset: str = "shop", **fields: Any) -> ToolContext:
    """What the server knows about a call for a person over a dataset."""
    given: dict[str, Any] = {
        "operation_id": str(uuid.uuid4()),
        "session": "S-20260101-0001",
        "skill": "experiment",
        "actor_id": by.pk,
        "requester_id": by.pk,
        "dataset": dataset,
        "workspace": "",
        "environment": "demo",
        "now": timezone.now(),
        "report": unheard,
    }
    return ToolContext(**{**given, **fields})


def tool(name: str) -> AgentTool:
    found = tools.find(name)
    assert found is not None, name
    return found


def call(name: str, context: ToolContext, /, **given: Any) -> ToolResult:
    """Bind what a model might give and carry the call out."""
    found = tool(name)
    return found.call(context, tools.bind(found, given))


def make_judged(by: User, *, name: str = "shop", days: int = 90) -> ForecastIssue:
    """Judge two models on the sales of three series of a dataset that the group `readers` sees.

    A price that is a fifth off costs what makes a third more be sold.
    """
    draw = np.random.default_rng(3)
    price = np.where(draw.random((days, 3)) < 0.25, 8.0, 10.0)
    price[-1] = 10.0
    sales = draw.poisson(np.array([6.0, 20.0, 60.0]) * (price / 10) ** -2.0).astype(float)
    version = make_version(sales, name=name, price=price, by=by)
    version.dataset.readers.add(make_group("readers"))
    with override_settings(FORECASTLAB_LLM="none"):
        asked = {"models": ["naive", "seasonal_naive"], "horizon": HORIZON, "folds": 3}
        work_off(make_run(dataset=name, **asked))
    found: ForecastIssue = ForecastIssue.objects.select_related("version__dataset").latest("pk")
    return found


# -- sessions -----------------------------------------------------------------------------------


def start(message: str, *, by: User, dataset: str = "shop", **fields: Any) -> Session:
    """Start a session; nobody works on it yet."""
    given: dict[str, Any] = {"skill": "experiment", "trigger": "test", "at": timezone.now()}
    given |= {"message": message, "by": by, "dataset": dataset, **fields}
    return sessions.start(given.pop("skill"), given.pop("message"), **given)


def advance(session: Session) -> Session:
    """Do what workers would do until the session waits or has ended."""
    session.refresh_from_db()
    if session.job is not None:
        run_job(session.job)
    session.refresh_from_db()
    return session
