"""Replies of somebody else's model that no row could keep as they are: the session goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.utils import timezone

from agents.models import Invocation, Session, Turn
from agents.services import sessions
from forecastlab.accounts.models import User
from forecastlab.events.models import Event
from tests.agents.factories import advance, start
from tests.agents.fake_chat import FakeChat
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "sk-abcdefgh12345678"


@pytest.fixture
def alice(db: None) -> User:
    return make_user()


def call(name: str, given: Any, number: str = "one") -> dict[str, Any]:
    return {"id": number, "type": "function", "function": {"name": name, "arguments": given}}


def nested(depth: int) -> str:
    return '{"text":' * depth + '"a"' + "}" * depth


def answered(
    chat: FakeChat, monkeypatch: pytest.MonkeyPatch, by: User, said: Mapping[str, Any]
) -> Session:
    """Let a session be answered so at first, and then as the request says."""
    usual, answers = chat.answer, [said]
    monkeypatch.setattr(
        chat, "answer", lambda path, body: answers.pop() if answers else usual(path, body)
    )
    return advance(start("-; mark_resolved", by=by, dataset="", skill="lab"))


def reply(
    *calls: Mapping[str, Any], text: str = "So be it.", usage: object = None
) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "tool_calls": list(calls) or None}
    return {"choices": [{"message": message}], "usage": usage}


@pytest.mark.parametrize(
    "said",
    [
        reply(call("lab_look", nested(5_000))),
        reply(call("lab_look", nested(200_000))),
        reply(call("lab\x00_look\ud800", '{"text": "a"}', "o\x00ne\udfff")),
        reply(*[call("lab_look", '{"text": "a"}', name) for name in ("a", "a-3", "a")]),
        reply(call("lab_look", '{"text": "a\\u0000"}'), text="a\x00\ud800b"),
        reply(call("lab_look", '{"text": 1e999}'), usage={"prompt_tokens": 10**30}),
        reply(call("lab_look", "[]"), usage={"prompt_tokens": -1, "completion_tokens": None}),
    ],
    ids=["deep", "deeper", "names", "ids", "words", "many", "few"],
)
def test_a_reply_that_no_row_could_keep_is_made_fit_and_the_session_goes_on(
    chat: FakeChat, alice: User, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]
) -> None:
    session = answered(chat, monkeypatch, alice, said)

    assert (session.status, session.outcome) == ("succeeded", "resolved"), session.status_reason
    assert Turn.objects.count() == 2
    assert Turn.objects.filter(tokens_in__lt=0).count() == 0
    assert not session.invocations.exclude(status__in=["failed", "succeeded"]).exists()


def test_the_name_of_an_invented_tool_keeps_no_secret(
    chat: FakeChat, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(chat, monkeypatch, alice, reply(call(SECRET, "{}", SECRET)))

    kept = [*Invocation.objects.values("tool", "model_call_id", "detail"), *Event.objects.values()]
    assert SECRET not in str(kept)
    assert Invocation.objects.filter(tool__startswith="[secret").count() == 1


def test_what_people_tell_a_session_is_kept_and_sent_without_secrets(
    chat: FakeChat, alice: User
) -> None:
    session = start(f"- {SECRET} password=swordfish9", by=alice, dataset="", skill="lab")
    advance(session)
    sessions.say(session, f"- {SECRET}", by=alice, at=timezone.now())
    sessions.stop(session, by=alice, at=timezone.now(), reason=f"Not {SECRET}")

    session.refresh_from_db()
    kept = [*session.messages.values(), *Event.objects.values(), session.status_reason]
    for text in (str(kept), session.subject, str(chat.requests)):
        assert SECRET not in text
        assert "swordfish9" not in text
    assert session.status_reason.startswith("Not [secret")
