from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from forecastlab.accounts.models import SignInLink
from forecastlab.accounts.services import people, sign_in_links
from forecastlab.lib.errors import BadInput
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def embedded(settings) -> None:
    settings.FORECASTLAB_EMBEDDED = True


def issue(**ago: int) -> sign_in_links.Link:
    make_user("planner")
    return sign_in_links.issue("planner", at=timezone.now() - timedelta(**ago))


def test_a_link_signs_in_once(client: Client) -> None:
    link = issue()

    first = client.get(link.path)
    second = Client().get(link.path)

    assert first.status_code == 302
    assert client.get("/account/").status_code == 200
    assert second.status_code == 409
    assert "scripts/lab sign_in_link" in second.text


def test_a_link_lives_ten_minutes() -> None:
    link = issue(minutes=10, seconds=1)

    assert Client().get(link.path).status_code == 409
    assert timedelta(0) < timezone.now() - link.expires_at < timedelta(seconds=5)


@pytest.mark.parametrize("address", ["10.0.0.9", "", "nonsense", "::ffff:10.0.0.9"])
def test_a_link_works_on_this_machine_only(address: str) -> None:
    link = issue()

    assert Client(REMOTE_ADDR=address).get(link.path).status_code == 403
    assert not SignInLink.objects.exclude(used_at=None).exists()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_link_works_from_each_form_of_the_local_address(address: str) -> None:
    assert Client(REMOTE_ADDR=address).get(issue().path).status_code == 302


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
def test_a_link_does_not_work_through_a_proxy(client: Client, header: str) -> None:
    assert client.get(issue().path, headers={header: "10.0.0.9"}).status_code == 403


def test_looking_ahead_does_not_burn_a_link(client: Client) -> None:
    link = issue()

    ahead = client.get(link.path, headers={"Sec-Purpose": "prefetch;prerender"})
    head = client.head(link.path)
    real = client.get(link.path)

    assert (ahead.status_code, head.status_code, real.status_code) == (503, 405, 302)


def test_there_are_no_links_with_external_services(settings) -> None:
    link = issue()
    settings.FORECASTLAB_EMBEDDED = False

    with pytest.raises(sign_in_links.LinksAreOff):
        sign_in_links.issue("planner", at=timezone.now())
    assert Client().get(link.path).status_code == 422


def test_nobody_gets_a_link_for_a_service_user() -> None:
    people.service_actor("system")

    with pytest.raises(BadInput, match="cannot act"):
        sign_in_links.issue("system", at=timezone.now())


def test_a_link_of_an_account_closed_meanwhile_is_dead() -> None:
    link = issue()
    people.close(people.actor("planner"))

    assert Client().get(link.path).status_code == 409


def test_the_secret_is_not_stored() -> None:
    secret = issue().path.rsplit("/", 1)[1]

    assert secret not in str(SignInLink.objects.values().get())


@pytest.mark.django_db(transaction=True)
def test_of_two_uses_at_once_one_succeeds() -> None:
    secret = issue().path.rsplit("/", 1)[1]
    together = Barrier(6)

    def spend(_number: int) -> bool:
        together.wait(10)
        try:
            sign_in_links.spend(secret, address="127.0.0.1", at=timezone.now())
        except sign_in_links.LinkSpent:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(spend, range(6)))

    assert sum(outcomes) == 1
