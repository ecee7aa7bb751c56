from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from forecastlab.accounts.models import Token, User
from forecastlab.accounts.services import people, tokens
from forecastlab.lib import doorbell
from tests.factories import make_group, make_user

pytestmark = pytest.mark.django_db
PEOPLE = "/admin/accounts/user/"


@pytest.fixture
def admins(client: Client) -> Client:
    client.force_login(make_user("root", role="admin"))
    return client


def change(client: Client, person: User, **changes: object):
    given = {
        "username": person.username,
        "is_active": "on",
        "groups": [group.pk for group in person.groups.all()],
    }
    return client.post(f"{PEOPLE}{person.pk}/change/", given | changes)


def test_people_are_listed_with_their_roles(admins: Client) -> None:
    make_user("alice", role="operator")

    page = admins.get(PEOPLE)

    assert page.status_code == 200
    assert "operator" in page.text


def test_an_administrator_adds_a_person(admins: Client) -> None:
    given = {"username": "zoe", "usable_password": "true"}
    secret = {"password1": "correct horse", "password2": "correct horse"}

    admins.post(f"{PEOPLE}add/", given | secret)

    assert User.objects.get(username="zoe").kind == "person"


def test_a_new_role_holds_at_once_and_reaches_the_sockets(
    admins: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    monkeypatch.setattr(doorbell, "recheck", told.append)
    alice = make_user("alice", role="viewer")
    hers = Client()
    hers.force_login(alice)
    before = hers.get("/api/v1/me").json()["may"]

    change(admins, alice, groups=[make_group("planner").pk])

    assert "run.start" not in before
    assert "run.start" in hers.get("/api/v1/me").json()["may"]
    assert told == [alice.pk]


def test_a_closed_account_is_out_at_once(admins: Client) -> None:
    alice = make_user("alice")
    hers = Client()
    hers.force_login(alice)

    change(admins, alice, is_active="")

    assert hers.get("/account/").status_code == 302


def test_a_new_password_from_an_administrator_ends_sessions_and_sockets(
    admins: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    monkeypatch.setattr(doorbell, "recheck", told.append)
    alice = make_user("alice")
    hers = Client()
    hers.force_login(alice)

    page = admins.get(f"{PEOPLE}{alice.pk}/change/")
    given = {"usable_password": "true", "password1": "correct horse", "password2": "correct horse"}
    admins.post(f"{PEOPLE}{alice.pk}/password/", given)

    assert f"{PEOPLE}{alice.pk}/password/" in page.text
    alice.refresh_from_db()
    assert alice.check_password("correct horse")
    assert hers.get("/account/").status_code == 302
    assert told == [alice.pk]


def test_a_password_is_never_shown_not_even_its_hash(admins: Client) -> None:
    alice = make_user("alice", password="correct horse")

    page = admins.get(f"{PEOPLE}{alice.pk}/change/")

    assert alice.password.rsplit("$", 1)[1][:6] not in page.text


def test_a_service_user_cannot_be_changed(admins: Client) -> None:
    clock = people.service_actor("clock")

    answer = change(admins, clock, username="clock2")

    assert answer.status_code == 403
    assert admins.get(f"{PEOPLE}{clock.pk}/change/").status_code == 200


@pytest.mark.parametrize("model", ["accounts/user", "auth/group", "accounts/token"])
def test_nothing_is_deleted(admins: Client, model: str) -> None:
    alice = make_user("alice")
    tokens.create(alice, name="n", days=30, at=timezone.now())
    pk = {
        "accounts/user": alice.pk,
        "auth/group": make_group("readers").pk,
        "accounts/token": Token.objects.get().pk,
    }[model]

    assert admins.post(f"/admin/{model}/{pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_readers_group_can_be_made_and_a_role_keeps_its_name(admins: Client) -> None:
    role = make_group("planner")

    admins.post("/admin/auth/group/add/", {"name": "north"})
    renamed = admins.post(f"/admin/auth/group/{role.pk}/change/", {"name": "boss"})

    assert Group.objects.filter(name="north").exists()
    assert renamed.status_code == 403


def test_a_token_is_shown_without_its_digest_and_can_be_revoked(admins: Client) -> None:
    tokens.create(make_user("alice"), name="scheduler", days=30, at=timezone.now())
    token = Token.objects.get()

    pages = [admins.get(f"/admin/accounts/token/{rest}") for rest in ("", f"{token.pk}/change/")]
    admins.post("/admin/accounts/token/", {"action": "revoke", "_selected_action": [token.pk]})

    token.refresh_from_db()
    assert all("scheduler" in page.text for page in pages)
    assert not any(token.digest in page.text for page in pages)
    assert token.revoked_at is not None


def test_the_first_administrator_comes_from_the_command_line() -> None:
    root = User.objects.create_superuser("root", password="correct horse")

    assert root.roles == {"admin"}
    assert root.is_staff
    assert not root.is_superuser
