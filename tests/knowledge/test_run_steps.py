"""What a run does with documents: keyless, with a provider that refuses, and told as a story."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from django.test import Client
from django.utils import timezone

from forecastlab.jobs.models import Job
from forecastlab.knowledge.models import Citation, Document
from forecastlab.knowledge.services import run_steps
from forecastlab.lib.contributions import Done, Skipped, StepContext
from tests.factories import make_user
from tests.lib.fake_provider import fake_provider

pytestmark = pytest.mark.django_db


def nothing(fraction: float | None = None, text: str = "") -> None:
    """Reports go nowhere here."""


def fenced() -> AbstractContextManager[None]:
    return transaction.atomic()


@pytest.fixture
def context() -> StepContext:
    alice = make_user()
    job = Job.objects.create(kind="run", params={}, requested_by=alice, created_at=timezone.now())
    now = timezone.now()
    return StepContext(job.pk, run_steps.INDEX, {}, now, alice.pk, nothing, fenced)


def walked(context: StepContext) -> dict[str, Any]:
    steps = (run_steps.probe, run_steps.index, run_steps.retrieve)
    names = (run_steps.PROBE, run_steps.INDEX, run_steps.RETRIEVE)
    return {name: step(context) for name, step in zip(names, steps, strict=True)}


def test_without_a_provider_all_of_it_is_done_here(context: StepContext) -> None:
    told = walked(context)
    again = run_steps.index(context)
    probe, index, retrieve = (one.data for one in told.values())

    assert {type(one) for one in told.values()} == {Done}
    assert (probe["provider"], probe["reachable"]) == ("tfidf-svd", True)
    assert index["total_files"] == index["indexed"] == len(run_steps.SUBSET)
    assert (index["updated"], index["unchanged"], index["failed"]) == (0, 0, 0)
    assert index["curated_hits"] == 5
    assert index["corpus_files"] > 3 * len(run_steps.SUBSET)
    assert (
        f"{index['total_files']} of {index['corpus_files']} documents"
        in told[run_steps.INDEX].detail
    )
    assert again.data == index  # a second try of the step tells the same
    assert retrieve["results_count"] == 3
    assert retrieve["top_source_path"] == "docs/how-to/keep-runs.md"
    assert 0 < retrieve["top_relevance_score"] <= 1
    assert retrieve["retriever"] == "bm25+tfidf-svd"
    assert Citation.objects.filter(used_ref=str(context.job_id)).count() == 3


@pytest.mark.parametrize(
    ("provider_is", "address", "code"),
    [
        ("openai", "http://127.0.0.1:9", "EMBEDDING_UNAVAILABLE"),  # nobody listens there
        ("openai", "http://provider.example.com", "EMBEDDING_EGRESS"),  # a key, without TLS
        ("nobody", "http://127.0.0.1:9", "EMBEDDING_UNKNOWN"),
    ],
)
def test_a_provider_that_cannot_be_asked_fails_no_step(
    context: StepContext,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    provider_is: str,
    address: str,
    code: str,
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)  # pauses between tries
    settings.EMBEDDING_PROVIDER, settings.EMBEDDING_URL = provider_is, address
    settings.EMBEDDING_KEY = "sk-test-0123456789"

    probe, index, retrieve = walked(context).values()

    assert isinstance(probe, Skipped)
    assert probe.data["code"] == code
    assert (type(index), type(retrieve)) == (Done, Done)
    assert index.data["vectors"]["code"] == code
    assert retrieve.data["results_count"] == 3


def test_a_provider_that_refuses_is_skipped_and_done_without(
    context: StepContext, settings: Any
) -> None:
    with fake_provider() as provider:
        settings.EMBEDDING_PROVIDER = "openai"
        settings.EMBEDDING_URL = provider.url
        settings.EMBEDDING_KEY = "sk-test-0123456789"
        provider.refuse(401, {"error": {"message": "Incorrect API key: sk-test-0123456789"}})
        told = walked(context)
    probe, retrieve = told[run_steps.PROBE], told[run_steps.RETRIEVE]
    story = run_steps.story({name: one.data for name, one in told.items()}, at="now")

    assert isinstance(probe, Skipped)
    assert (probe.data["code"], probe.data["reachable"]) == ("EMBEDDING_AUTH", False)
    assert isinstance(told[run_steps.INDEX], Done)
    assert retrieve.data["retriever"] == "bm25+tfidf-svd"
    assert "sk-test" not in repr(told)
    assert story is not None
    assert [one["event"] for one in story] == ["skip", "index", "retrieve"]
    assert (story[0]["provider"], story[0]["reachable"]) == ("openai", False)


def test_what_a_run_cited_opens_where_it_stands_by_now(
    context: StepContext, client: Client
) -> None:
    told = walked(context)
    story = run_steps.story({name: one.data for name, one in told.items()}, at="now")
    assert story is not None
    cited = story[-1]["citations"][0]
    row = Citation.objects.get(document__key="docs-how-to-keep-runs")
    passages = row.document.chunks.filter(content_sha256=row.chunk_sha256)
    client.force_login(make_user("bob"))

    passages.update(first_line=F("first_line") + 7, last_line=F("last_line") + 7)
    moved = client.get(cited["url"])
    passages.delete()
    gone = client.get(cited["url"])

    first, last = row.first_line + 7, row.last_line + 7
    assert cited["title"] == "How to keep runs"
    assert moved.url == f"{row.document.get_absolute_url()}?lines={first}-{last}#L{first}"
    assert gone.status_code == 200
    assert "The passage that was cited has changed." in gone.text
    assert f'<li id="L{row.first_line}" class="cited">' in gone.text


def test_documents_of_people_are_in_no_run(context: StepContext) -> None:
    walked(context)
    Document.objects.filter(path="docs/how-to/keep-runs.md").update(source="upload")

    found = run_steps.retrieve(context)

    assert "keep-runs" not in repr(found.data["results"])


def test_a_run_that_did_nothing_with_documents_has_no_such_story() -> None:
    assert run_steps.story({"train": {}}, at="now") is None
