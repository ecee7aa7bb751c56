"""Pages of sessions: the form of a new one, the page of one, whatever stands in them."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.models import Approval, Session
from agents.services import sessions
from forecastlab.accounts.models import User
from forecastlab.warehouse.models import DatasetVersion
from showcase.services import workspaces
from tests.agents.factories import advance, start
from tests.agents.fake_chat import FakeChat
from tests.factories import make_group, make_run, make_user, make_version

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "agents:session-new"
ASKED = {"skill": "experiment", "dataset": "shop", "message": "Which model serves best?"}


@pytest.fixture
def alice(db: None) -> User:
    """Alice, with a run over `shop` that she keeps as `kept-a` and one over `corner`."""
    alice = make_user()
    for name, kept in (("shop", "kept-a"), ("corner", "kept-b")):
        version = guarded(make_version(name=name, by=alice))
        run = make_run(by=alice, dataset=version.ref, models=["naive"])
        workspaces.keep(run, kept, by=alice, at=timezone.now())
    return alice


def guarded(version: DatasetVersion) -> DatasetVersion:
    version.dataset.readers.add(make_group("readers"))
    return version


def page(by: User, **query: str) -> str:
    client = Client()
    client.force_login(by)
    return client.get(reverse(NEW), query).content.decode()


# -- the form of a new one -------------------------------------------------------------------------


def test_workspaces_are_offered_to_those_who_may_see_them(alice: User) -> None:
    mine, strangers = page(alice), page(make_user("charlie"))

    assert '<option value="kept-a" label="shop">' in mine
    assert 'list="known-workspaces"' in mine
    assert "kept-a" not in strangers


def test_a_session_is_started_over_a_workspace_and_without_one(alice: User) -> None:
    client = Client()
    client.force_login(alice)

    for name, found in (("kept-a", "kept-a"), (" ", None)):
        answer = client.post(reverse(NEW), {**ASKED, "workspace": name})
        session = Session.objects.latest("pk")
        assert answer.headers["Location"] == session.get_absolute_url()
        assert (session.workspace.name if session.workspace else None) == found
    again = client.get(Session.objects.earliest("pk").get_absolute_url()).content.decode()
    assert "kept-a" in again


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("kept-z", "There is no workspace &#x27;kept-z&#x27;, or not for you."),
        ("kept-b", "is a run over &#x27;corner&#x27;, and this session is over &#x27;shop&#x27;."),
        ("x" * 300, "at most 100 characters"),
    ],
)
def test_a_workspace_that_does_not_fit_is_explained_at_its_field(
    alice: User, name: str, said: str
) -> None:
    client = Client()
    client.force_login(alice)

    answer = client.post(reverse(NEW), {**ASKED, "workspace": name})

    shown = answer.content.decode()
    assert answer.status_code == 422
    assert said in shown.partition('id="id_workspace_error"')[2][:600]
    assert ASKED["message"] in shown
    assert not Session.objects.exists()


def test_what_was_asked_is_asked_again_whole(alice: User, client: Client) -> None:
    wish = f"Which model serves best? {'It is for the board. ' * 12}"
    session = start(wish, by=alice, dataset="shop")
    sessions.stop(session, by=alice, at=timezone.now())
    client.force_login(alice)

    shown = client.get(session.get_absolute_url()).content.decode()
    address = shown.partition(f'href="{reverse(NEW)}?')[2].partition('"')[0]

    assert session.subject != wish.strip()
    again = client.get(f"{reverse(NEW)}?{html.unescape(address)}").content.decode()
    assert wish.strip() in again


def test_programs_are_told_which_field_is_wrong(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    body = json.dumps({**ASKED, "workspace": "kept-z"})

    answer = client.post(reverse("api:session-start"), body, "application/json")

    assert (answer.status_code, answer.json()["field"]) == (404, "workspace")


# -- the page of one -------------------------------------------------------------------------------

TURNED = "price cut of 09\u202e% percent\u2066"


def test_no_text_turns_the_direction_of_what_people_read(
    alice: User, chat: FakeChat, client: Client
) -> None:
    client.force_login(alice)
    session = advance(start(f"lab_write {TURNED}; -", by=alice, dataset="", skill="lab"))
    approval = Approval.objects.get()
    pages = [
        *(session.get_absolute_url(), reverse("agents:sessions"), reverse("agents:approvals")),
        *(approval.get_absolute_url(), reverse("api:approval-read", args=[approval.pk])),
    ]

    for address in pages:
        shown = client.get(address).content.decode()
        assert "price cut of 09" in shown, address
        assert not {"\u202e", "\u2066"} & set(shown), address
        assert "\\u202e" not in shown, address


def test_a_page_says_who_has_answered_and_not_who_would_now(
    alice: User, chat: FakeChat, client: Client, settings: Any
) -> None:
    client.force_login(alice)
    session = advance(start("-", by=alice, dataset="", skill="lab"))
    settings.FORECASTLAB_LLM = "planner"
    asked_now = start("-", by=alice, dataset="", skill="lab")

    by_model = client.get(session.get_absolute_url()).content.decode()
    by_rules = client.get(asked_now.get_absolute_url()).content.decode()

    assert "No language model is in use" not in by_model
    assert "openai" in by_model
    assert "No language model is in use" in by_rules
