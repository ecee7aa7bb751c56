"""What people were shown when they decided is what happens, or nothing does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from agents.domain.skills import SKILLS
from agents.models import Approval, Invocation, Notice, Session
from agents.queries import tools
from forecastlab.accounts.models import User
from forecastlab.forecasting.models import ForecastIssue
from forecastlab.planning.models import Override, Plan, Publication
from forecastlab.planning.services import plans, publications
from forecastlab.warehouse.models import DatasetVersion
from tests.agents.factories import advance, call, make_context, start, tool
from tests.agents.fake_chat import FakeChat
from tests.factories import make_group, make_user, make_version
from tests.jobs_lab.agent_tools import LAB
from tests.planning.forecasts import (
    DAYS,
    FIRST,
    MODEL,
    make_forecast,
    make_horizon,
    steady_sales,
)

pytestmark = pytest.mark.django_db(transaction=True)

DAY_OFF = {"kind": "holiday", "dates": [FIRST], "uplift": 0.5}
DAY_OFF |= {"scope": {"kind": "series", "value": "S0:P1"}}
PLAN = {"assumptions": [DAY_OFF], "name": "Day off"}
TOLD = {"team": "planning", "subject": "Prices", "text": "Look."}
SPAN = {"scope": {"kind": "series", "value": "S0:P1"}, "first": FIRST, "last": FIRST}
OVER = {**SPAN, "way": "percent", "amount": 10, "reason": "event", "seen": 0}
# What these do follows from the session's version and from their arguments alone.
PINNED = {"start_backtest", "start_run"}


@pytest.fixture
def issue(chat: FakeChat, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForecastIssue]:
    """A forecast that agents may ask to publish, and dora, who may agree."""
    effects = [name for name, one in tools.catalogue().items() if one.has_effect]
    monkeypatch.setitem(SKILLS, LAB.name, replace(LAB, tools=(*LAB.tools, *effects)))
    yield make_forecast(priced())


def priced() -> DatasetVersion:
    """Steady sales of three series at ten a piece."""
    return make_version(steady_sales(), price=np.full((DAYS, len(MODEL)), 10.0))


@pytest.fixture
def dora(issue: ForecastIssue) -> Client:
    dora = make_user("dora", role="approver")
    dora.groups.add(make_group("readers"))
    client = Client()
    client.force_login(dora)
    return client


def asked(name: str, given: dict[str, Any], issue: ForecastIssue) -> Session:
    """Let an agent ask for one call."""
    message = f"{name} {json.dumps(given)}; mark_resolved"
    session = advance(start(message, by=issue.created_by, skill="lab"))
    assert session.status == "waiting", session.status_reason
    return session


def approve(session: Session, by: Client) -> Invocation:
    """Approve what the session asks for, as it is shown, and let it go on."""
    approval = Approval.objects.open().get(invocation__session=session)
    shown = by.get(reverse("api:approval-read", args=[approval.pk])).json()
    body = {
        "verdict": "approve",
        "version": shown["version"],
        "digest": shown["digest"],
        "phrase": approval.confirm_phrase,
        "reason": "It is right.",
    }
    url = reverse("api:approval-decide", args=[approval.pk])
    answer = by.post(url, json.dumps(body), "application/json")
    assert answer.status_code == 200, answer.content
    advance(session)
    found: Invocation = session.invocations.order_by("pk")[0]
    return found


# -- what changes while people think ---------------------------------------------------------------


def override(issue: ForecastIssue) -> None:
    given = {**OVER, "way": "each", "amount": 5}
    call("override_forecast", make_context(issue.created_by), **given)


def issue_again(issue: ForecastIssue) -> None:
    make_forecast(issue.version, model=(1.0, 2.0, 3.0))


def join_the_team(_issue: ForecastIssue) -> None:
    make_user("bob")


CHANGES: list[tuple[str, dict[str, Any], Callable[[ForecastIssue], None]]] = [
    ("publish_forecast", {}, override),
    ("publish_forecast", {}, issue_again),
    ("override_forecast", OVER, issue_again),
    ("save_plan", PLAN, issue_again),
    ("notify_people", TOLD, join_the_team),
]


@pytest.mark.parametrize(("name", "given", "change"), CHANGES)
def test_what_has_changed_since_it_was_shown_is_not_done(
    issue: ForecastIssue,
    dora: Client,
    chat: FakeChat,
    name: str,
    given: dict[str, Any],
    change: Callable[[ForecastIssue], None],
) -> None:
    session = asked(name, given, issue)
    change(issue)

    found = approve(session, dora)

    assert (found.status, found.error_code) == ("rejected", "changed_since")
    told = json.loads(chat.requests[-1][1]["messages"][-1]["content"])
    assert "has changed since it was put before people" in told["detail"]
    assert "nothing was done" in dora.get(session.get_absolute_url()).content.decode()
    assert not Publication.objects.exists()
    assert not Override.objects.filter(made_at__gt=found.finished_at).exists()
    assert not Plan.objects.exists()
    assert not Notice.objects.exists()


@pytest.mark.parametrize(("name", "given"), [(one[0], one[1]) for one in CHANGES[1:]])
def test_what_is_as_it_was_shown_is_done_once(
    issue: ForecastIssue, dora: Client, name: str, given: dict[str, Any]
) -> None:
    found = approve(asked(name, given, issue), dora)

    assert (found.status, found.detail[:5]) != ("rejected", "")
    assert found.status == "succeeded", found.detail
    made = [one.objects.count() for one in (Publication, Override, Plan, Notice)]
    assert sum(made) == 1


def test_a_plan_that_was_renamed_is_not_deleted_for_its_old_name(
    issue: ForecastIssue, dora: Client
) -> None:
    alice: User = issue.created_by
    draft = plans.Draft("Day off", [DAY_OFF])
    plan = plans.save(issue, draft, by=alice, at=issue.created_at)
    session = asked("delete_plan", {"plan": plan.pk}, issue)
    plans.change(plan, {"name": "The one we keep"}, by=alice, at=issue.created_at)

    found = approve(session, dora)

    assert (found.status, found.error_code) == ("rejected", "changed_since")
    assert Plan.objects.filter(pk=plan.pk).exists()


def test_a_forecast_that_changes_at_the_last_moment_is_not_published() -> None:
    """Between the look and the effect the service compares once more, under its own lock."""
    horizon = make_horizon()
    alice: User = horizon.issue.created_by
    publish = tool("publish_forecast")
    assert publish.seen is not None
    context = make_context(alice)
    seen = publish.seen(context, tools.bind(publish, {}))
    override(horizon.issue)

    with pytest.raises(publications.OthersByNow, match="Nothing was published"):
        call("publish_forecast", replace(context, seen=seen))

    assert not Publication.objects.exists()
    now = publish.seen(context, tools.bind(publish, {}))
    assert call("publish_forecast", replace(context, seen=now)).data["number"] == 1


# -- how far it reaches ----------------------------------------------------------------------------


def test_people_read_how_far_a_plan_reaches(issue: ForecastIssue, dora: Client) -> None:
    session = asked("save_plan", PLAN, issue)
    approval = Approval.objects.get(invocation__session=session)

    page = dora.get(reverse("agents:approval", args=[approval.pk])).content.decode()

    assert (approval.exposure["count"], approval.exposure["unit"]) == (1, "series")
    assert "1 series" in page
    assert "not counted" not in page


def test_the_money_of_a_plan_is_at_stake_where_prices_are_known(
    issue: ForecastIssue, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = tool("save_plan")
    assert save.exposure is not None
    context, bound = make_context(issue.created_by), tools.bind(save, PLAN)

    reach = save.exposure(context, bound)
    brief = dict(save.preview(context, bound)) if save.preview else {}
    monkeypatch.setattr(plans, "MOST_AT_ONCE", 1)
    large = save.exposure(context, bound)

    assert (reach.count, reach.unit, large.count, large.value) == (1, "series", 1, None)
    assert reach.value == Decimal(100)  # ten more of one series, at ten a piece
    assert brief


def test_every_effect_says_how_far_it_reaches_and_what_people_look_at() -> None:
    effects = {name: one for name, one in tools.catalogue().items() if one.has_effect}

    assert [name for name, one in effects.items() if one.exposure is None] == []
    assert {name for name, one in effects.items() if one.seen is None} == PINNED
