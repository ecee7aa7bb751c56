"""Sessions of agents over the JSON API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from agents.queries import session_json
from agents.services import invocations, sessions
from forecastlab.accounts.services.access import person, requires
from forecastlab.lib.cursors import Page

router = Router(tags=["agents"])


class SessionIn(Schema):
    """What an agent is asked to do; `dataset` is NAME or NAME@VERSION."""

    skill: str = "experiment"
    message: str = Field(max_length=sessions.LONGEST_MESSAGE)
    dataset: str = ""
    workspace: str = ""


class MessageIn(Schema):
    message: str = Field(max_length=sessions.LONGEST_MESSAGE)


class StopIn(Schema):
    reason: str = Field("", max_length=500)


class SettleIn(Schema):
    """What became of a call of which nobody knows: `succeeded` or `failed`, and how you know."""

    verdict: str
    reason: str = Field(max_length=2000)


class SessionFilters(Page):
    status: str = ""
    skill: str = ""


@router.get(
    "/sessions", response=dict[str, Any], url_name="session-list", summary="Sessions, newest first"
)
@requires("agent.view")
def session_listing(request: HttpRequest, asked: Query[SessionFilters]) -> dict[str, Any]:
    given = asked.dict()
    items, following = session_json.listed(person(request), **given)
    return {"items": items, "next": following}


@router.post(
    "/sessions",
    response={201: dict[str, Any]},
    url_name="session-start",
    summary="Ask an agent to do something",
)
@requires("agent.start")
def session_start(request: HttpRequest, asked: SessionIn) -> Status[dict[str, Any]]:
    made = sessions.start(
        asked.skill,
        asked.message,
        by=person(request),
        dataset=asked.dataset,
        workspace=asked.workspace,
        trigger="api",
        at=timezone.now(),
    )
    return Status(201, session_json.whole(made))


@router.get(
    "/sessions/{number}", response=dict[str, Any], url_name="session", summary="One session"
)
@requires("agent.view")
def session_read(request: HttpRequest, number: str) -> dict[str, Any]:
    return session_json.whole(sessions.find(number, viewer=person(request)))


@router.post(
    "/sessions/{number}/messages",
    response=dict[str, Any],
    url_name="session-say",
    summary="Tell a session something",
)
@requires("agent.start")
def session_say(request: HttpRequest, number: str, said: MessageIn) -> dict[str, Any]:
    by = person(request)
    found = sessions.find(number, viewer=by)
    return session_json.whole(sessions.say(found, said.message, by=by, at=timezone.now()))


@router.post(
    "/sessions/{number}/stop",
    response=dict[str, Any],
    url_name="session-stop",
    summary="Stop a session: nothing that has not begun will be done",
)
@requires("agent.stop")
def session_stop(request: HttpRequest, number: str, asked: StopIn) -> dict[str, Any]:
    by = person(request)
    found = sessions.find(number, viewer=by)
    stopped = sessions.stop(found, by=by, at=timezone.now(), reason=asked.reason)
    return session_json.whole(stopped)


@router.post(
    "/sessions/{number}/retry",
    response=dict[str, Any],
    url_name="session-retry",
    summary="Let a failed session go on; what it has done is not done again",
)
@requires("agent.start")
def session_retry(request: HttpRequest, number: str) -> dict[str, Any]:
    by = person(request)
    found = sessions.find(number, viewer=by)
    return session_json.whole(sessions.retry(found, by=by, at=timezone.now()))


@router.post(
    "/sessions/{number}/retract",
    response=dict[str, Any],
    url_name="session-retract",
    summary="Say that a duplicate is none",
)
@requires("agent.start")
def session_retract(request: HttpRequest, number: str) -> dict[str, Any]:
    by = person(request)
    found = sessions.find(number, viewer=by)
    return session_json.whole(sessions.retract(found, by=by, at=timezone.now()))


@router.post(
    "/calls/{number}/settle",
    response=dict[str, Any],
    url_name="call-settle",
    summary="Say what became of a call of which nobody knows",
)
@requires("outcome.settle")
def call_settle(request: HttpRequest, number: int, said: SettleIn) -> dict[str, Any]:
    by = person(request)
    one = invocations.find(number, viewer=by)
    settled = invocations.settle(one, said.verdict, by=by, at=timezone.now(), reason=said.reason)
    return session_json.invocation(settled)
