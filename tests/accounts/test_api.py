from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from forecastlab.accounts.models import IdempotencyKey, Token, User
from forecastlab.accounts.services import idempotency, people, tokens
from tests.factories import make_user

pytestmark = pytest.mark.django_db
ME = "/api/v1/me"


def make_secret(owner: User, *, name: str = "scheduler", days: int = 30) -> str:
    return tokens.create(owner, name=name, days=days, at=timezone.now())[1]


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


# -- who calls --------------------------------------------------------------------------------
def test_a_session_calls_the_api(client: Client) -> None:
    client.force_login(make_user("alice"))

    answer = client.get(ME)

    assert answer.status_code == 200
    assert answer.json()["username"] == "alice"
    assert answer.json()["roles"] == ["planner"]
    assert "run.start" in answer.json()["may"]
    assert "people.manage" not in answer.json()["may"]


def test_a_token_calls_the_api_as_its_person(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    alice = make_user("alice", role="viewer")
    secret = make_secret(alice)

    answer = client.get(ME, headers=bearer(secret))

    (line,) = [one.msg for one in caplog.records if one.name == "forecastlab.request"]
    assert line["user_id"] == alice.pk

    assert answer.json()["username"] == "alice"
    assert "run.start" not in answer.json()["may"]
    assert Token.objects.get().last_used_at is not None


def test_nobody_gets_401_as_a_problem(client: Client) -> None:
    answer = client.get(ME)

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "sign_in_needed"


def test_without_a_role_the_answer_is_403(client: Client) -> None:
    client.force_login(make_user("alice", role=""))

    answer = client.get(ME)

    assert answer.status_code == 403
    assert answer.json()["code"] == "not_allowed"


def test_an_unknown_token_is_refused_even_beside_a_session(client: Client) -> None:
    client.force_login(make_user("alice"))

    answer = client.get(ME, headers=bearer("fl_unknown"))

    assert answer.status_code == 401
    assert answer.json()["code"] == "bad_token"


def test_a_token_that_has_ended_is_refused(client: Client) -> None:
    long_ago = timezone.now() - timedelta(days=31)
    _, secret = tokens.create(make_user("alice"), name="old", days=30, at=long_ago)

    assert client.get(ME, headers=bearer(secret)).status_code == 401


def test_a_revoked_token_is_refused(client: Client) -> None:
    secret = make_secret(make_user("alice"))
    tokens.revoke(Token.objects.get(), at=timezone.now())

    assert client.get(ME, headers=bearer(secret)).status_code == 401


def test_the_token_of_a_closed_account_is_refused(client: Client) -> None:
    alice = make_user("alice")
    secret = make_secret(alice)
    people.close(alice)

    assert client.get(ME, headers=bearer(secret)).status_code == 401


def test_a_token_is_stored_as_a_digest_only() -> None:
    secret = make_secret(make_user("alice"))

    assert secret not in str(Token.objects.values().get())


@pytest.mark.urls("tests.accounts.trial_api")
def test_who_may_not_is_told_so_before_the_body_is_read(client: Client) -> None:
    client.force_login(make_user("alice", role="viewer"))

    answer = client.post("/api/v1/notes", "no json", content_type="application/json")

    assert answer.status_code == 403
    assert answer.json()["code"] == "not_allowed"


# -- writes -----------------------------------------------------------------------------------
trial = pytest.mark.urls("tests.accounts.trial_api")


def post(client: Client, text: str = "a", key: str | None = "k1", **headers: str):
    named = {"Idempotency-Key": key} if key is not None else {}
    return client.post(
        "/api/v1/notes",
        {"text": text},
        content_type="application/json",
        headers={**named, **headers},
    )


def notes() -> int:
    return Group.objects.filter(name__contains="-").count()


@pytest.fixture
def alices(client: Client) -> Client:
    client.force_login(make_user("alice"))
    return client


@trial
def test_a_write_in_a_session_needs_its_csrf_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("alice"))

    answer = post(client, key=None)

    assert answer.status_code == 403
    assert answer.json()["code"] == "csrf"
    assert notes() == 0


@trial
def test_a_write_by_token_needs_no_csrf_token() -> None:
    client = Client(enforce_csrf_checks=True)

    answer = post(client, **bearer(make_secret(make_user("alice"))))

    assert answer.status_code == 201
    assert notes() == 1


@trial
def test_nobody_writes_with_a_key(client: Client) -> None:
    assert post(client).status_code == 401
    assert post(client, **bearer("fl_unknown")).status_code == 401
    assert not IdempotencyKey.objects.exists()


@trial
def test_without_a_key_two_posts_are_two_effects(alices: Client) -> None:
    post(alices, key=None)
    post(alices, key=None)

    assert notes() == 2


@trial
def test_the_same_key_gives_the_stored_answer(alices: Client) -> None:
    first = post(alices)
    second = post(alices)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second["Content-Type"] == first["Content-Type"]
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert notes() == 1


@trial
def test_the_same_key_with_another_body_is_refused(alices: Client) -> None:
    post(alices)

    answer = post(alices, text="b")

    assert answer.status_code == 409
    assert answer.json()["code"] == "idempotency_key_reused"
    assert notes() == 1


@trial
def test_a_key_belongs_to_its_person(alices: Client) -> None:
    post(alices)
    bob = Client()
    bob.force_login(make_user("bob"))

    assert "Idempotency-Replayed" not in post(bob)
    assert notes() == 2


@trial
@pytest.mark.parametrize(("text", "status"), [("refused", 409), ("broken", 500)])
def test_a_refusal_leaves_nothing_and_may_be_tried_again(
    alices: Client, text: str, status: int
) -> None:
    first = post(alices, text=text)
    second = post(alices, text=text)

    assert (first.status_code, second.status_code) == (status, status)
    assert "Idempotency-Replayed" not in second
    assert notes() == 0
    assert not IdempotencyKey.objects.exists()


@trial
@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
def test_a_key_has_a_length(alices: Client, key: str) -> None:
    answer = post(alices, key=key)

    assert answer.status_code == 422
    assert answer.json()["field"] == "Idempotency-Key"


@trial
def test_an_upload_is_the_same_by_its_bytes(alices: Client) -> None:
    def upload(content: bytes):
        file = SimpleUploadedFile("sales.csv", content)
        return alices.post("/api/v1/files", {"file": file}, headers={"Idempotency-Key": "u1"})

    first, again, other = upload(b"one"), upload(b"one"), upload(b"two")

    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 409)
    assert Group.objects.filter(name__in=["one", "two"]).count() == 1


@trial
@pytest.mark.django_db(transaction=True)
def test_of_the_same_request_sent_at_once_one_has_an_effect() -> None:
    secret = make_secret(make_user("alice"))
    together = Barrier(4)

    def send(_number: int):
        together.wait(10)
        try:
            return post(Client(), text="slow", **bearer(secret))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer for answer in answers) == 1
    assert notes() == 1


@trial
@pytest.mark.django_db(transaction=True)
def test_a_request_that_holds_its_key_too_long_is_named(monkeypatch) -> None:
    monkeypatch.setattr(idempotency, "PATIENCE_MS", 50)
    alice = make_user("alice")
    secret = make_secret(alice)

    def send():
        try:
            return post(Client(), **bearer(secret))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        IdempotencyKey.objects.create(user=alice, key="k1", created_at=timezone.now())
        answer = pool.submit(send).result()

    assert answer.status_code == 409
    assert answer.json()["code"] == "still_running"


def test_old_keys_are_forgotten() -> None:
    old = timezone.now() - idempotency.KEPT - timedelta(seconds=1)
    alice = make_user("alice")
    IdempotencyKey.objects.create(user=alice, key="old", created_at=old)
    IdempotencyKey.objects.create(user=alice, key="new", created_at=timezone.now())

    idempotency.forget_old_keys(timezone.now())

    assert IdempotencyKey.objects.get().key == "new"
