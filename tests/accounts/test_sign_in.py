from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.accounts.models import SignInTries
from forecastlab.accounts.services import sign_in
from tests.factories import make_user

pytestmark = pytest.mark.django_db
URL = "/sign-in/"
PASSWORD = "correct horse"


def enter(client: Client, username: str = "alice", password: str = PASSWORD, **more: str):
    return client.post(URL, {"username": username, "password": password, **more})


def age_tries() -> None:
    SignInTries.objects.update(last_at=timezone.now() - sign_in.PAUSE - timedelta(seconds=1))


def test_the_page_asks_for_name_and_password(client: Client) -> None:
    page = client.get(URL)

    assert page.status_code == 200
    assert b'name="username"' in page.content
    assert "no-store" in page["Cache-Control"]


def test_name_and_password_open_the_first_page(client: Client) -> None:
    alice = make_user("alice", password=PASSWORD)

    answer = enter(client)

    assert answer.status_code == 302
    assert answer.url == "/"
    assert client.session["_auth_user_id"] == str(alice.pk)


def test_signing_in_goes_where_the_person_wanted_to(client: Client) -> None:
    make_user("alice", password=PASSWORD)

    assert enter(client, next="/account/?tab=1").url == "/account/?tab=1"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"],
)
def test_signing_in_never_leads_elsewhere(client: Client, elsewhere: str) -> None:
    make_user("alice", password=PASSWORD)

    assert enter(client, next=elsewhere).url == "/"


def test_the_session_gets_a_new_key(client: Client) -> None:
    make_user("alice", password=PASSWORD)
    client.session["planted"] = True
    planted = client.session
    planted.save()
    client.cookies["sessionid"] = planted.session_key

    enter(client)

    assert client.session.session_key != planted.session_key


def test_an_unticked_box_ends_the_session_with_the_browser(client: Client) -> None:
    make_user("alice", password=PASSWORD)

    short = enter(client).cookies["sessionid"]["max-age"]
    client.post("/sign-out/")
    long = enter(client, stay="on").cookies["sessionid"]["max-age"]

    assert short == ""
    assert long == 14 * 24 * 3600


def test_a_wrong_password_is_told_under_its_field_and_the_name_is_kept(client: Client) -> None:
    make_user("alice", password=PASSWORD)

    answer = enter(client, password="wrong")

    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"password"}
    assert "4 tries left, then a 15 minute pause" in answer.text
    assert 'value="alice"' in answer.text
    assert "wrong" not in answer.text


def test_an_unknown_name_reads_the_same_as_a_wrong_password(client: Client) -> None:
    make_user("alice", password=PASSWORD)
    make_user("closed", password=PASSWORD, is_active=False)
    make_user("without")

    told = [
        enter(client, username=name, password="wrong").context["form"].errors
        for name in ("alice", "closed", "without", "zoe", "clock")
    ]

    assert all(one == told[0] for one in told)


def test_a_closed_account_does_not_open(client: Client) -> None:
    make_user("alice", password=PASSWORD, is_active=False)

    assert enter(client).status_code == 422


@pytest.mark.parametrize("missing", ["username", "password"])
def test_an_empty_field_is_told(client: Client, missing: str) -> None:
    given = {"username": "alice", "password": PASSWORD, missing: ""}

    answer = client.post(URL, given)

    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {missing}
    assert not SignInTries.objects.exists()


def test_the_sixth_try_pauses_even_with_the_right_password(client: Client) -> None:
    make_user("alice", password=PASSWORD)
    for _try in range(sign_in.TRIES):
        last = enter(client, password="wrong")

    paused = enter(client)

    assert "Try again in 15 minutes" in last.text
    assert paused.status_code == 429
    assert "Try again in 15 minutes" in paused.text


def test_after_the_pause_the_right_password_opens(client: Client) -> None:
    make_user("alice", password=PASSWORD)
    for _try in range(sign_in.TRIES + 1):
        enter(client, password="wrong")
    age_tries()

    assert enter(client).status_code == 302


def test_signing_in_forgets_earlier_tries(client: Client) -> None:
    make_user("alice", password=PASSWORD)
    for _try in range(sign_in.TRIES - 1):
        enter(client, password="wrong")
    enter(client)
    client.post("/sign-out/")

    assert "4 tries left" in enter(client, password="wrong").text


def test_others_are_not_paused_by_one_name(client: Client) -> None:
    make_user("bob", password=PASSWORD)
    for _try in range(sign_in.TRIES + 1):
        enter(client, username="alice", password="wrong")

    assert enter(client, username="bob").status_code == 302


def test_one_name_is_not_paused_from_another_address(client: Client) -> None:
    make_user("alice", password=PASSWORD)
    for _try in range(sign_in.TRIES + 1):
        enter(client, password="wrong")

    from_elsewhere = Client(REMOTE_ADDR="10.0.0.9")

    assert enter(from_elsewhere).status_code == 302


def test_behind_our_proxy_the_address_it_names_is_counted(client: Client, settings) -> None:
    settings.FORECASTLAB_HTTPS = True
    make_user("alice", password=PASSWORD)
    given = {"username": "alice", "password": "wrong"}
    for number in range(sign_in.TRIES):
        forged = {"X-Forwarded-For": f"10.9.9.{number}, 10.0.0.7"}
        client.post(URL, given, headers=forged)

    paused = client.post(URL, given, headers={"X-Forwarded-For": "10.0.0.7"})
    other = client.post(URL, given, headers={"X-Forwarded-For": "10.0.0.8"})

    assert (paused.status_code, other.status_code) == (429, 422)


def test_without_a_proxy_a_forged_address_does_not_help(client: Client) -> None:
    given = {"username": "alice", "password": "wrong"}
    for number in range(sign_in.TRIES):
        client.post(URL, given, headers={"X-Forwarded-For": f"10.9.9.{number}"})

    assert client.post(URL, given, headers={"X-Forwarded-For": "10.1.1.1"}).status_code == 429


def test_many_names_from_one_address_pause_it(client: Client) -> None:
    make_user("alice", password=PASSWORD)
    for number in range(sign_in.TRIES_OF_ADDRESS):
        sign_in_wrongly(f"guess{number}")

    assert enter(client).status_code == 429


@pytest.mark.django_db(transaction=True)
def test_tries_sent_at_once_do_not_exceed_the_limit() -> None:
    together = Barrier(8)

    def guess(_number: int) -> type[Exception]:
        together.wait(10)
        try:
            sign_in.sign_in("alice", "wrong", address="10.0.0.9", at=timezone.now())
        except (sign_in.WrongPassword, sign_in.TooManyTries) as error:
            return type(error)
        finally:
            connection.close()
        raise AssertionError

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(guess, range(8)))

    assert outcomes.count(sign_in.WrongPassword) == sign_in.TRIES


def sign_in_wrongly(username: str) -> None:
    with pytest.raises(sign_in.WrongPassword):
        sign_in.sign_in(username, "wrong", address="127.0.0.1", at=timezone.now())


def test_who_is_signed_in_is_led_on(client: Client) -> None:
    client.force_login(make_user("alice"))

    assert client.get(URL).url == "/"


def test_signing_out_needs_a_post_and_ends_the_session(client: Client) -> None:
    client.force_login(make_user("alice"))

    refused = client.get("/sign-out/")
    left = client.post("/sign-out/")

    assert refused.status_code == 405
    assert left.url == URL
    assert client.get("/account/").url == "/sign-in/?next=/account/"


@pytest.mark.parametrize(
    ("role", "place"),
    [
        ("planner", "showcase:home"),
        ("viewer", "showcase:home"),
        ("admin", "showcase:home"),
        ("approver", "agents:approvals"),
        ("operator", "tickets:tickets"),
    ],
)
def test_a_role_begins_on_its_page_as_soon_as_it_exists(
    client: Client, monkeypatch: pytest.MonkeyPatch, role: str, place: str
) -> None:
    make_user("alice", role=role, password=PASSWORD)
    monkeypatch.setattr("forecastlab.accounts.views.reverse", lambda name: f"/{name}/")

    assert enter(client).url == f"/{place}/"


def test_a_role_begins_at_home_while_its_page_does_not_exist(client: Client) -> None:
    make_user("alice", role="operator", password=PASSWORD)

    assert enter(client).url == "/"


def test_an_approver_begins_with_what_waits_for_an_answer(client: Client) -> None:
    make_user("alice", role="approver", password=PASSWORD)

    assert enter(client).url == reverse("agents:approvals")


@pytest.mark.parametrize("name", ["sign-in", "sign-out", "profile", "token-create"])
def test_a_write_without_the_csrf_token_is_refused(name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("alice"))

    assert client.post(reverse(f"accounts:{name}")).status_code == 403
