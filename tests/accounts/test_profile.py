from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from forecastlab.accounts.models import Profile, Token, User
from forecastlab.accounts.services import tokens
from forecastlab.lib import doorbell
from tests.factories import make_user

pytestmark = pytest.mark.django_db
URL = "/account/"
PASSWORD = "correct horse"
CHOICES = {"theme": "dark", "language": "en", "time_zone": "Europe/Vienna", "has_shortcuts": ""}


@pytest.fixture
def alice() -> User:
    return make_user("alice", password=PASSWORD)


@pytest.fixture
def alices(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def rechecked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Whose sockets were told to ask again."""
    told: list[int] = []
    monkeypatch.setattr(doorbell, "recheck", told.append)
    return told


# -- how the pages look -----------------------------------------------------------------------
def test_a_person_without_choices_sees_the_defaults(alices: Client) -> None:
    form = alices.get(URL).context["form"]

    assert form["theme"].value() == "auto"
    assert form["has_shortcuts"].value() is True


def test_choices_are_kept_and_shown(alices: Client, alice: User) -> None:
    answer = alices.post(URL, CHOICES)
    page = alices.get(URL)

    stored = Profile.objects.get(user=alice)
    assert answer.url == URL
    assert (stored.theme, stored.time_zone) == ("dark", "Europe/Vienna")
    assert stored.has_shortcuts is False
    assert 'data-theme="dark"' in page.text
    assert 'data-shortcuts="off"' in page.text
    assert "aria-keyshortcuts" not in page.text
    assert answer.cookies["django_language"].value == "en"


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("theme", "pink"), ("language", "tlh"), ("time_zone", "Mars/Olympus")],
)
def test_a_wrong_choice_is_told_at_its_field(alices: Client, field: str, wrong: str) -> None:
    answer = alices.post(URL, CHOICES | {field: wrong})

    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {field}
    assert not Profile.objects.exists()


# -- tokens -----------------------------------------------------------------------------------
def make_token(client: Client, name: str = "scheduler", days: int = 30):
    return client.post("/account/tokens/", {"name": name, "days": days})


def test_a_token_is_shown_once(alices: Client) -> None:
    made = make_token(alices)
    secret = made.context["secret"]

    assert secret in made.text
    assert "no-store" in made["Cache-Control"]
    assert secret not in alices.get(URL).text
    assert Client().get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).json()


def test_a_token_ends_when_it_said(alices: Client) -> None:
    make_token(alices, days=90)

    lifetime = Token.objects.get().expires_at - timezone.now()
    assert timedelta(days=89) < lifetime <= timedelta(days=90)


def test_two_tokens_of_one_name_are_refused(alices: Client) -> None:
    make_token(alices)

    answer = make_token(alices)

    assert answer.status_code == 422
    assert answer.context["token_form"].errors.keys() == {"name"}
    assert Token.objects.count() == 1


@pytest.mark.parametrize(("field", "wrong"), [("name", ""), ("name", "x" * 61), ("days", 7)])
def test_a_wrong_token_is_told_at_its_field(alices: Client, field: str, wrong: object) -> None:
    answer = alices.post("/account/tokens/", {"name": "n", "days": 30} | {field: wrong})

    assert answer.status_code == 422
    assert answer.context["token_form"].errors.keys() == {field}


def test_a_revoked_token_leaves_the_list_and_frees_its_name(alices: Client) -> None:
    make_token(alices)
    token = Token.objects.get()

    alices.post(f"/account/tokens/{token.pk}/revoke/")

    assert list(alices.get(URL).context["page"].tokens) == []
    assert make_token(alices).status_code == 200


def test_nobody_revokes_the_token_of_another(alices: Client) -> None:
    other, _secret = tokens.create(make_user("bob"), name="n", days=30, at=timezone.now())

    answer = alices.post(f"/account/tokens/{other.pk}/revoke/")

    other.refresh_from_db()
    assert answer.status_code == 404
    assert other.revoked_at is None


# -- password and sessions --------------------------------------------------------------------
def change_password(client: Client, old: str = PASSWORD, new: str = "battery staple"):
    given = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post("/account/password/", given)


def test_a_new_password_ends_other_sessions_and_keeps_this_one(
    alices: Client, alice: User, rechecked: list[int]
) -> None:
    elsewhere = Client()
    elsewhere.force_login(alice)

    answer = change_password(alices)

    assert answer.url == URL
    assert alices.get(URL).status_code == 200
    assert elsewhere.get(URL).status_code == 302
    assert rechecked == [alice.pk]


@pytest.mark.parametrize(
    ("given", "field"),
    [({"old": "wrong"}, "old_password"), ({"new": "short"}, "new_password2")],
)
def test_a_wrong_password_changes_nothing(alices: Client, given: dict, field: str) -> None:
    answer = change_password(alices, **given)

    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {field}
    assert User.objects.get(username="alice").check_password(PASSWORD)


def test_an_account_without_a_password_cannot_give_itself_one(client: Client) -> None:
    client.force_login(make_user("bob"))

    assert client.get("/account/password/").status_code == 409
    assert change_password(client).status_code == 409


def test_signing_out_elsewhere_keeps_this_session(
    alices: Client, alice: User, rechecked: list[int]
) -> None:
    elsewhere = Client()
    elsewhere.force_login(alice)

    alices.post("/account/sign-out-elsewhere/")

    assert alices.get(URL).status_code == 200
    assert elsewhere.get(URL).status_code == 302
    assert rechecked == [alice.pk]


def test_signing_out_tells_the_sockets(alices: Client, alice: User, rechecked: list[int]) -> None:
    alices.post("/sign-out/")

    assert rechecked == [alice.pk]
