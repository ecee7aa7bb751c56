"""Every page, API operation, stream and socket declares its access and keeps to it.

The cases are made by walking the house, so an address that is added is tested without a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve, reverse

from forecastlab import access_table
from forecastlab.access_table import Address
from forecastlab.accounts.domain.roles import VERBS, Role
from forecastlab.accounts.models import User
from forecastlab.events.services import streams
from forecastlab.events.services.access import can_read as may_read
from forecastlab.management.commands.document_access import DOCUMENT
from tests.access_samples import OPEN_STREAMS, PERSONAL_STREAMS, STREAM_SAMPLES, Sample
from tests.factories import make_group, make_user
from tests.workspace_samples import SAMPLES

pytestmark = pytest.mark.django_db

ADDRESSES = access_table.addresses()
REQUESTS = [one for one in ADDRESSES if one.kind != "socket"]
CLOSED = [one for one in REQUESTS if not one.reason]
BY_VERB = [one for one in REQUESTS if one.verb]
BY_STREAM = [one for one in REQUESTS if one.by_stream]
WITH_PARAMETERS = [one for one in REQUESTS if "<" in one.route or "{" in one.route]
SIGN_IN = "/sign-in/?next="
FOR_WHOEVER_HAS_THE_MACHINE = {
    "check_sessions",
    "doctor",
    "document_access",
    "document_states",
    "first_run",
    "prepare",
    "prune_runs",
    "show_pipeline",
    "sign_in_link",
    "up",
    "verify_bundle",
}


# What never reaches a view runs the same lines for every address.
unmeasured = pytest.mark.no_cover


def named(one: Address) -> str:
    return f"{one.method} {one.name}".strip()


def each(addresses: list[Address]):
    return pytest.mark.parametrize("address", addresses, ids=named)


def make_sample(address: Address, alice: User) -> Sample:
    make = SAMPLES.get(address.name)
    return make(alice) if make else Sample(guarded=False)


def ask(client: Client, address: Address, sample: Sample) -> HttpResponse:
    """Ask with the method of the operation; of a page with GET, and with POST if it wants that."""
    url = reverse(address.name, kwargs=dict(sample.kwargs), query=dict(sample.query))
    if address.kind == "api":
        body = None if address.method == "GET" else dict(sample.body)
        return client.generic_json(address.method, url, body)
    answer = client.get(url)
    if answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer = client.post(url, dict(sample.body))
    return answer


def anywhere(address: Address) -> str:
    """An address of that shape where nothing stands: who has no business there never finds out."""
    filled = re.sub(r"<table_suffix:\w+>", "csv", address.route)
    filled = re.sub(r"<version_table:\w+>", "facts", filled)
    return re.sub(r"<\w+:\w+>|\{\w+\}", "1", filled)


def ask_anywhere(client: Asking, address: Address) -> HttpResponse:
    method = address.method or "GET"
    return client.generic_json(method, anywhere(address), None if method == "GET" else {})


class Asking(Client):
    def generic_json(self, method: str, url: str, body: dict | None) -> HttpResponse:
        data = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(self, method.lower())(url, **data)


def signed_in(user: User) -> Asking:
    client = Asking(raise_request_exception=True)
    client.force_login(user)
    return client


def make_reader(role: str) -> User:
    alice = make_user("alice", role=role)
    alice.groups.add(make_group("readers"))
    return alice


def give(user: User, role: str) -> None:
    """Let a person have this role and no other."""
    user.groups.remove(*user.groups.filter(name__in=Role))
    if role:
        user.groups.add(make_group(role))


def ask_in_vain(address: Address, sample: Sample, by: User) -> HttpResponse:
    """Ask, and take back whatever came of it."""
    with transaction.atomic():
        answer = ask(signed_in(by), address, sample)
        transaction.set_rollback(True)
    return answer


def is_refused(answer: HttpResponse) -> bool:
    sent_away = answer.status_code == HTTPStatus.FOUND and answer["Location"].startswith(SIGN_IN)
    return sent_away or answer.status_code in {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
    }


# -- declared ---------------------------------------------------------------------------------
@unmeasured
@each(ADDRESSES)
def test_an_address_declares_its_access_once(address: Address) -> None:
    assert address.is_declared


@unmeasured
@each(WITH_PARAMETERS)
def test_an_address_with_parameters_has_a_sample(address: Address) -> None:
    assert address.name in SAMPLES


def test_every_sample_belongs_to_an_address() -> None:
    assert not SAMPLES.keys() - {one.name for one in ADDRESSES}


def test_every_verb_is_used_or_is_ours_to_check() -> None:
    unknown = {one.verb for one in BY_VERB} - VERBS.keys()

    assert not unknown


def test_the_document_is_fresh() -> None:
    assert DOCUMENT.read_text() == access_table.document(), "run: manage.py document_access"


def test_a_command_acts_with_a_verb_or_for_whoever_has_the_machine() -> None:
    without = {name for name, verb in access_table.commands().items() if not verb}

    assert set(access_table.commands().values()) - {""} <= VERBS.keys()
    assert without == FOR_WHOEVER_HAS_THE_MACHINE


_parameters: dict[Callable[[User], Sample] | None, dict[str, Any]] = {}


def parameters_of(address: Address) -> dict[str, Any]:
    """What fills the route; a sample of several addresses is made once."""
    make = SAMPLES.get(address.name)
    if make not in _parameters:
        _parameters[make] = dict(make_sample(address, make_reader(Role.PLANNER)).kwargs)
    return _parameters[make]


@unmeasured
@each(REQUESTS)
def test_an_address_leads_to_its_own_view_and_not_to_one_before_it(address: Address) -> None:
    found = resolve(reverse(address.name, kwargs=parameters_of(address)))

    assert shape(found.route) == shape(address.route)
    assert address.kind == "api" or found.view_name == address.name


def shape(route: str) -> str:
    """A route as both the pages and the API write it."""
    return re.sub(r"[<{](?:\w+:)?(\w+)[>}]", r"<\1>", route).lstrip("/")


# -- kept -------------------------------------------------------------------------------------
@unmeasured
@each(CLOSED)
def test_nobody_is_sent_to_sign_in(address: Address) -> None:
    answer = ask_anywhere(Asking(), address)

    if address.kind == "api" or address.by_stream:
        assert answer.status_code == HTTPStatus.UNAUTHORIZED
        assert answer["Content-Type"] == "application/problem+json"
    else:
        assert answer.status_code == HTTPStatus.FOUND
        assert answer["Location"].startswith(SIGN_IN)


@each([one for one in REQUESTS if one.reason])
def test_a_public_address_answers_anybody(address: Address) -> None:
    sample = make_sample(address, make_reader(Role.PLANNER))

    assert not is_refused(ask(Asking(), address, sample))


@pytest.mark.django_db(transaction=True)  # streams read on a connection of their own
@each(BY_STREAM)
def test_a_reader_of_the_stream_gets_in(address: Address) -> None:
    alice = make_reader(Role.VIEWER)
    sample = make_sample(address, alice)

    assert not is_refused(ask(signed_in(alice), address, sample))


@each(BY_VERB)
def test_an_address_lets_in_whom_the_table_says(address: Address) -> None:
    """Every role, none and a stranger meet one sample, each as if nobody had asked before."""
    alice = make_reader(Role.PLANNER)
    sample = make_sample(address, alice)
    for role in Role:
        give(alice, role)
        answer = ask_in_vain(address, sample, alice)
        assert is_refused(answer) is (role not in VERBS[address.verb]), (role, answer)
    if sample.guarded:
        answer = ask_in_vain(address, sample, make_user("charlie", role=Role.ADMIN))
        assert answer.status_code == HTTPStatus.NOT_FOUND


@unmeasured
@each(BY_VERB)
def test_whoever_lacks_the_verb_never_finds_out_what_is_there(address: Address) -> None:
    charlie = make_user("charlie", role="")
    for role in {"", *Role} - VERBS[address.verb]:
        give(charlie, role)
        answer = ask_anywhere(signed_in(charlie), address)
        assert answer.status_code == HTTPStatus.FORBIDDEN, role


@pytest.mark.django_db(transaction=True)
@each(BY_STREAM)
def test_a_stranger_is_told_that_there_is_no_stream(address: Address) -> None:
    sample = make_sample(address, make_reader(Role.PLANNER))
    stranger, reader = make_user("charlie", role=Role.ADMIN), make_user("bob", role="")
    reader.groups.add(make_group("readers"))

    for_stranger = ask(signed_in(stranger), address, sample)
    without_role = ask(signed_in(reader), address, sample)

    assert for_stranger.status_code == HTTPStatus.NOT_FOUND
    assert without_role.status_code == HTTPStatus.NOT_FOUND


@unmeasured
@each([one for one in REQUESTS if one.method != "GET"])
def test_a_write_without_the_csrf_token_is_refused(address: Address) -> None:
    client = Asking(enforce_csrf_checks=True)
    client.force_login(make_reader(Role.ADMIN))

    answer = client.generic_json(address.method or "POST", anywhere(address), {})

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert b"csrf" in answer.content.lower() or b"form" in answer.content.lower()


# -- streams ----------------------------------------------------------------------------------
STREAMS = sorted(set(streams.declared()) - PERSONAL_STREAMS)


@pytest.mark.parametrize("prefix", STREAMS)
def test_a_stream_has_a_sample(prefix: str) -> None:
    assert prefix in STREAM_SAMPLES


@pytest.mark.parametrize("prefix", STREAMS)
def test_a_stream_is_read_by_the_readers_of_its_dataset_in_any_role(prefix: str) -> None:
    stream = STREAM_SAMPLES[prefix]()
    readers = [make_user(f"reader-{role}", role=role) for role in Role]
    for reader in readers:
        reader.groups.add(make_group("readers"))

    assert all(may_read(reader, stream) for reader in readers)


@pytest.mark.parametrize("prefix", STREAMS)
def test_a_stream_is_closed_to_strangers_and_to_people_without_a_role(prefix: str) -> None:
    stream = STREAM_SAMPLES[prefix]()
    bob, charlie = make_user("bob", role=""), make_user("charlie", role=Role.ADMIN)
    bob.groups.add(make_group("readers"))

    assert not may_read(bob, stream)
    assert may_read(charlie, stream) == (prefix in OPEN_STREAMS)
    assert not may_read(AnonymousUser(), stream)


# -- Django's own pages for administrators ----------------------------------------------------
@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMIN])
def test_the_admin_pages_are_closed_to_other_roles(role: Role) -> None:
    assert signed_in(make_user("alice", role=role)).get("/admin/").status_code == 403


def test_the_admin_pages_send_nobody_to_our_sign_in() -> None:
    answer = Asking().get("/admin/accounts/user/", follow=True)

    assert answer.redirect_chain[-1][0] == "/sign-in/?next=/admin/accounts/user/"


def test_the_admin_pages_are_open_to_the_role_admin() -> None:
    assert signed_in(make_user("alice", role="admin")).get("/admin/").status_code == 200
