from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from forecastlab.accounts.domain.roles import VERBS, Role
from forecastlab.accounts.services import access, people
from forecastlab.accounts.services.access import requires
from forecastlab.lib.errors import NotAllowed
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@requires("run.start")
def a_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


@requires("run.start")
async def an_async_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


def request_by(user, path: str = "/somewhere/?q=1", **headers: str) -> HttpRequest:
    request = RequestFactory().get(path, headers=headers)
    request.user = user

    async def auser():
        return user

    request.auser = auser
    return request


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("verb", VERBS)
def test_a_role_may_what_the_table_says(role: Role, verb: str) -> None:
    assert access.may(make_user("alice", role=role), verb) is (role in VERBS[verb])


def test_no_role_may_nothing() -> None:
    assert not access.may(make_user("alice", role=""), "home.view")


def test_a_closed_account_may_nothing() -> None:
    assert not access.may(make_user("alice", is_active=False), "home.view")


def test_a_service_user_may_nothing_by_itself() -> None:
    assert not access.may(people.service_actor("system"), "home.view")


def test_nobody_may_nothing() -> None:
    assert not access.may(AnonymousUser(), "home.view")


def test_an_unknown_verb_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        requires("run.fly")


def test_a_refusal_names_the_roles_that_may() -> None:
    with pytest.raises(NotAllowed, match=r"planner, admin \(run.start\)"):
        access.check(make_user("alice", role="viewer"), "run.start")


def test_a_guarded_view_lets_the_role_in() -> None:
    assert a_page(request_by(make_user("alice"))).content == b"in"


def test_a_guarded_view_sends_nobody_to_sign_in_and_back() -> None:
    response = a_page(request_by(AnonymousUser()))

    assert response.status_code == 302
    assert response.url == "/sign-in/?next=/somewhere/%3Fq%3D1"


def test_a_fragment_sends_the_whole_page_to_sign_in() -> None:
    response = a_page(request_by(AnonymousUser(), **{"HX-Request": "true"}))

    assert response.status_code == 401
    assert response["HX-Redirect"] == "/sign-in/"


def test_the_api_answers_nobody_with_401() -> None:
    with pytest.raises(access.SignInNeeded):
        a_page(request_by(AnonymousUser(), "/api/v1/runs"))


@pytest.mark.django_db(transaction=True)
async def test_an_async_view_is_guarded_the_same_way() -> None:
    nobody = await an_async_page(request_by(AnonymousUser()))

    assert nobody.status_code == 302
