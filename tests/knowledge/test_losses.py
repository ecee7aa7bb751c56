"""What is lost, damaged or of another make is done without."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.knowledge.domain import fitting
from forecastlab.knowledge.models import ChunkVector, Document, VectorSpace
from forecastlab.knowledge.queries import nearness
from forecastlab.knowledge.services import documents
from forecastlab.lib import artefacts
from tests.factories import make_user, run_job
from tests.jobs.concurrency import overlapping
from tests.lib.fake_provider import Answer, fake_provider

pytestmark = pytest.mark.django_db


def upload(name: str, text: str, *, by: User) -> Job:
    """Add a document; nobody works on it yet."""
    file = documents.received(name, io.BytesIO(text.encode()))
    added = documents.add(file, by=by, at=timezone.now())
    assert added.job is not None
    return added.job


def put(name: str, text: str, *, by: User) -> None:
    """Add a document and do what the worker does."""
    run_job(upload(name, text, by=by))


@pytest.fixture
def alice(client: Client) -> Client:
    person = make_user("alice")
    for name in ("returns", "hours", "prices"):
        put(f"{name}.md", f"# {name}\n\nAll about {name} of a shop, told for {name}.", by=person)
    client.force_login(person)
    return client


def test_a_file_for_a_document_of_a_folder_leaves_its_path(db: None) -> None:
    by, at = make_user("alice"), timezone.now()
    names = ("a.md", "b.md", "b.md")
    files = [documents.received(name, [f"{name} {n}".encode()]) for n, name in enumerate(names)]
    first, _other = [documents.create(file, source="folder", by=by, at=at) for file in files[:2]]

    documents.replace(first, files[2], by=by, at=at)

    first.refresh_from_db()
    assert (first.path, first.content_sha256) == ("a.md", files[2].sha256)


def owner() -> User:
    return User.objects.get(username="alice")


def asked(client: Client) -> dict[str, Any]:
    answer = client.get("/api/v1/knowledge/passages", {"q": "hours of the shop"})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def test_without_the_file_of_the_fit_words_find(alice: Client) -> None:
    before = asked(alice)
    artefacts.discard(VectorSpace.objects.get().artefact)
    nearness.fitted.cache_clear()

    found = asked(alice)

    assert (before["retriever"], found["retriever"]) == ("bm25+tfidf-svd", "bm25")
    assert found["results"][0]["title"] == before["results"][0]["title"] == "hours"
    assert found["note"].startswith("Found by words alone.")
    run_job(documents.index_again(Document.objects.earliest("pk"), by=owner(), at=timezone.now()))
    assert asked(alice)["retriever"] == before["retriever"]


def test_a_provider_that_goes_back_to_an_earlier_dimension_is_followed(
    alice: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_provider() as provider:
        usual = provider.answer

        def patient(path: str, body: dict[str, Any], key: str) -> Answer:
            return usual(path, body, key) if len(provider.requests) < 20 else (401, {}, {})

        monkeypatch.setattr(provider, "answer", patient)
        settings.EMBEDDING_PROVIDER, settings.EMBEDDING_URL = "openai", provider.url
        for name, dimension in (("one", 8), ("two", 16), ("three", 8)):
            provider.dimension = dimension
            put(f"{name}.md", f"# {name}\n\nWhat {name} says of shops.", by=owner())
        found = asked(alice)

    spaces = VectorSpace.objects.of_provider("openai", "text-embedding-3-small")
    counted = {one.dimension: one.vectors.count() for one in spaces}
    assert counted == {8: 6, 16: 5}
    assert found["retriever"] == "bm25+openai:text-embedding-3-small"


def test_a_fit_of_another_format_is_left_alone(alice: Client) -> None:
    VectorSpace.objects.update(model="tfidf-svd/0")

    assert asked(alice)["retriever"] == "bm25"


def test_passages_that_all_say_the_same_are_not_fitted() -> None:
    rows = [(passage, word, 1.0) for passage in range(4) for word in ("hours", "shop", "told")]

    assert fitting.fit(rows) is None


@pytest.mark.parametrize("kind", ["document", "dataset"])
@pytest.mark.parametrize("number", ["9" * 5000, "9" * 30, "\u0661"])
def test_a_stream_of_an_impossible_number_is_nobodys(alice: Client, kind: str, number: str) -> None:
    assert alice.get(f"/api/v1/streams/{kind}.{number}/events").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_document_is_deleted_while_vectors_of_it_are_stored(alice: Client) -> None:
    gone = Document.objects.get(path="hours.md")
    job = upload("late.md", "# Late\n\nLate hours of a shop.", by=owner())

    def delete() -> None:
        documents.delete(gone, by=owner(), at=timezone.now())

    overlapping(lambda: run_job(job), delete)

    assert sorted(Document.objects.values_list("path", flat=True)) == [
        "late.md",
        "prices.md",
        "returns.md",
    ]
    assert ChunkVector.objects.count() == 3
