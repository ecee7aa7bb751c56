"""Finding passages, through the API and the pages, on a small corpus."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.knowledge.domain import ranking
from forecastlab.knowledge.models import Chunk, ChunkVector, Document, VectorSpace
from forecastlab.knowledge.queries import lexical, nearness
from forecastlab.knowledge.services import corpus, documents
from tests.factories import make_group, make_run, make_user, make_version, run_job
from tests.lib.fake_provider import FakeProvider, fake_provider

pytestmark = pytest.mark.django_db

RETURNS = """# Returns

Goods come back within thirty days, in the same shop.

## Damaged goods

A photograph of the fault is enough. The store decides <script>alert(1)</script> what is paid.
"""
HOURS = """# Opening hours

Shops open at eight and close at ten. On Sundays all of them are closed.

## Holidays

At Christmas and Easter the doors stay shut.
"""
PRICES = """# Prices

A discount is agreed on with the buyer. Promotions start on Mondays.

## Changes

Labels are printed on the evening before.
"""


def put(text: str, *, readers: tuple[str, ...] = (), by: Any) -> Document:
    """Add a document and do what the worker does, vectors included."""
    title = text.splitlines()[0].lstrip("# ")
    file = documents.received(f"{title}.md", [text.encode()])
    groups = [make_group(name) for name in readers]
    document = documents.add(file, readers=groups, by=by, at=timezone.now())
    job = run_job(Job.objects.get(pk=document.job_id))
    assert job.status == "succeeded", job.error
    return document


@pytest.fixture
def alice(client: Client) -> Client:
    owner = make_user("alice")
    for text in (RETURNS, HOURS, PRICES):
        put(text, by=owner)
    client.force_login(owner)
    return client


def owner() -> User:
    return User.objects.get(username="alice")


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(make_user(name))
    return client


def asked(client: Client, question: str) -> dict[str, Any]:
    answer = client.get("/api/v1/knowledge/passages", {"q": question})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def of_documents(looked_for: lexical.Asked) -> list[dict[int, float]]:
    readable = Document.objects.visible_to(owner())
    return [by(looked_for, readable) for by in (lexical.outlines, lexical.wholes)]


def titles(found: dict[str, Any]) -> list[str]:
    return [one["title"] for one in found["results"]]


def test_a_question_finds_the_lines_that_answer_it(alice: Client) -> None:
    found = asked(alice, "Is a photograph of the fault enough for damaged goods?")
    first = found["results"][0]
    page = alice.get(first["url"].partition("#")[0])

    assert found["retriever"] == "bm25+tfidf-svd"
    assert (first["title"], first["heading_path"]) == ("Returns", "Returns > Damaged goods")
    assert (first["first_line"], first["last_line"]) == (5, 7)
    assert 0 < first["score"] <= 1
    assert b'<li id="L5" class="cited">' in page.content


def test_a_word_of_the_thesaurus_finds_what_the_house_calls_otherwise(alice: Client) -> None:
    assert titles(asked(alice, "festival"))[0] == "Opening hours"  # holiday


def test_words_are_ranked_by_bm25_as_it_is_written_down(alice: Client) -> None:
    """The sum in the database is that of the formula."""
    looked_for = lexical.Asked([{"shop": 1.0}, {"close": 1.0, "shut": 0.6}])
    chunks = list(Chunk.objects.all())
    mean = sum(chunk.tokens for chunk in chunks) / len(chunks)
    counted = {
        "Opening hours": {"shop": 1.0, "close": 2.0},
        "Opening hours > Holidays": {"close": 0.6},
        "Returns": {"shop": 1.0},
    }
    held = {word: sum(word in one for one in counted.values()) for word in ("shop", "close")}
    expected = {
        chunk.pk: sum(
            ranking.rarity(held[word], len(chunks)) * ranking.saturated(often, chunk.tokens, mean)
            for word, often in counted[chunk.heading_path].items()
        )
        for chunk in chunks
        if chunk.heading_path in counted
    }

    assert lexical.rank(looked_for, Document.objects.all(), most=9) == pytest.approx(expected)


def test_documents_of_others_are_not_found_and_move_no_score(alice: Client) -> None:
    question = "returns of damaged goods"
    looked_for = lexical.asked(question)
    readable = Document.objects.visible_to(owner())
    before = lexical.rank(looked_for, readable, most=9), of_documents(looked_for)
    put(RETURNS.replace("# Returns", "# Secret returns"), readers=("board",), by=make_user("boss"))

    after = lexical.rank(looked_for, readable, most=9), of_documents(looked_for)
    seen = [*titles(asked(alice, question)), *titles(asked(signed_in("carol"), question))]

    assert Chunk.objects.filter(document__title="Secret returns").exists()
    assert "Secret returns" not in seen
    assert after == before


def test_without_pgvector_memory_finds_the_same(alice: Client) -> None:
    question = "When are the shops shut, and who decides on a discount?"
    by_database = asked(alice, question)
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION vector")

    by_memory = asked(alice, question)

    scores = [[one["score"] for one in found["results"]] for found in (by_database, by_memory)]
    assert titles(by_memory) == titles(by_database)
    assert scores[0] == pytest.approx(scores[1], abs=2e-4)


def test_vectors_follow_the_corpus(alice: Client) -> None:
    first = VectorSpace.objects.get()
    put("# Parking\n\nCars stand behind the shop.\n", by=make_user("bob"))
    second = VectorSpace.objects.get()
    Document.objects.filter(title="Parking").delete()
    run_job(documents.index_again(Document.objects.first(), by=owner(), at=timezone.now()))
    third = VectorSpace.objects.get()

    assert len({first.pk, second.pk, third.pk}) == 3
    assert third.artefact == first.artefact  # the same passages, the same vectors
    assert ChunkVector.objects.count() == Chunk.objects.count()


def test_a_few_new_passages_are_laid_into_the_vectors_that_are_there(
    alice: Client, tmp_path: Path
) -> None:
    parts = [f"## Part {n}\n\nWord{n} stands beside word{n + 1}.\n" for n in range(60)]
    put("# Many words\n\n" + "\n".join(parts), by=make_user("bob"))
    fit = VectorSpace.objects.get()
    put("# Bakery\n\nBread lies beside word7 and word8.\n", by=make_user("carol"))
    folded = VectorSpace.objects.get()
    near = nearness.fitted(folded.artefact).vector(lexical.asked("word8").stems)
    assert near is not None
    ranked = nearness.rank(folded, near, Document.objects.all(), most=9)
    note = tmp_path / "note.txt"
    note.write_text("Rolls lie beside word9.")
    asked_for = corpus.sync_folder(note, by=owner(), at=timezone.now(), refit=True)
    run_job(asked_for.job)
    anew = VectorSpace.objects.get()

    assert (folded.pk, folded.artefact, folded.folded) == (fit.pk, fit.artefact, 1)
    assert Chunk.objects.get(heading_path="Bakery").pk in ranked
    assert (anew.passages, anew.folded) == (Chunk.objects.count(), 0)
    assert anew.artefact != fit.artefact


@pytest.fixture
def provider(settings: Any) -> Iterator[FakeProvider]:
    with fake_provider() as found:
        found.dimension = 64
        settings.EMBEDDING_PROVIDER = "openai"
        settings.EMBEDDING_URL = found.url
        settings.EMBEDDING_MODEL = "small"
        settings.EMBEDDING_KEY = "sk-test-0123456789"
        yield found


def test_a_provider_ranks_where_it_is_set_and_is_done_without_where_it_refuses(
    alice: Client, provider: FakeProvider
) -> None:
    job = run_job(documents.index_again(Document.objects.first(), by=owner(), at=timezone.now()))
    data = job.steps.get(name="vectors").data
    by_provider = asked(alice, "photograph of the fault")
    provider.refuse(401, {"error": {"message": "bad key sk-test-0123456789"}})

    refused = asked(alice, "photograph of the fault")

    assert (data["provider"], data["embedded"]) == ("openai", Chunk.objects.count())
    assert VectorSpace.objects.get(provider="openai").dimension == provider.dimension
    assert by_provider["retriever"] == "bm25+openai:small"
    assert refused["retriever"] == "bm25+tfidf-svd"
    assert refused["code"] == "EMBEDDING_AUTH"
    assert "found without it" in refused["note"]
    assert "sk-test" not in json.dumps(refused)
    assert titles(refused)[0] == titles(by_provider)[0] == "Returns"


def test_a_provider_that_refuses_fails_no_indexing(alice: Client, provider: FakeProvider) -> None:
    provider.refuse(403)

    job = run_job(documents.index_again(Document.objects.first(), by=owner(), at=timezone.now()))
    step = job.steps.get(name="vectors")

    assert (job.status, step.outcome) == ("succeeded", "warn")
    assert step.data["code"] == "EMBEDDING_AUTH"
    assert not VectorSpace.objects.exclude(provider="").exists()


# -- looking for anything ----------------------------------------------------------------------


def shown(client: Client, **asked_for: str) -> str:
    answer = client.get("/search/", asked_for)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_everything_that_bears_a_name_is_found(alice: Client) -> None:
    version = make_version(name="returns-2026")
    run = make_run(dataset=version.ref, name="returns of spring", models=["naive"])

    page = shown(alice, q="returns")
    by_number = alice.get("/api/v1/search", {"q": str(run.pk), "of": "runs"}).json()
    groups = alice.get("/api/v1/search", {"q": "returns"}).json()["groups"]

    assert [one["name"] for one in groups] == ["runs", "datasets", "documents"]
    assert 'href="/datasets/returns-2026/"' in page
    assert f'href="{run.get_absolute_url()}"' in page
    assert by_number["groups"][0]["items"][0]["title"] == "returns of spring"
    assert "S0:P1" in str(alice.get("/api/v1/search", {"q": "s0:p1", "of": "series"}).json())


def test_texts_of_documents_are_no_markup_and_no_question_breaks_the_page(alice: Client) -> None:
    page = shown(alice, q="what does the store decide?")

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<mark>store</mark> <mark>decides</mark>" in page
    assert "<script>alert(1)" not in page
    for hostile in ("'", "\\", "a & | ! <-> (", ":*", "%s {0} %%", "x" * 900, "   ", "<b>"):
        shown(alice, q=hostile)
    assert alice.get("/search/?q=%00").status_code == 422
    assert alice.get("/api/v1/knowledge/passages?q=").status_code == 422


def test_what_is_not_for_somebody_is_not_found(alice: Client) -> None:
    version = make_version(name="secret-sales")
    version.dataset.readers.add(make_group("board"))
    version.dataset.created_by = make_user("boss")
    version.dataset.save()

    assert "secret-sales" not in shown(signed_in("bob"), q="secret")
    assert Client().get("/search/").status_code == 302


def test_every_page_leads_to_the_search(alice: Client) -> None:
    page = alice.get("/knowledge/").content.decode()

    assert '<form class="rail-search" role="search" action="/search/">' in page
    assert 'aria-keyshortcuts="/"' in page


# -- how well it finds -------------------------------------------------------------------------


def evaluated(*arguments: str, code: int = 0) -> dict[str, Any]:
    out = io.StringIO()
    try:
        call_command("evaluate_retrieval", *arguments, "--json", stdout=out, stderr=io.StringIO())
        left = 0
    except SystemExit as ended:
        left = int(ended.code or 0)
    assert left == code, out.getvalue()
    return dict(json.loads(out.getvalue()))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_questions_of_the_set_find_the_documents_that_answer(
    worker: None, tmp_path: Path
) -> None:
    make_user("planner")
    mine = tmp_path / "mine.json"
    mine.write_text('[{"question": "zebra quagga?", "document": "nowhere.md"}]')
    broken = tmp_path / "broken.json"
    broken.write_text("{}")

    found = evaluated()
    own = evaluated("--set", str(mine))

    assert found["questions"] >= 40
    # 0.88 when it was written down; documents that are added compete for some of the places.
    assert found["hit_at_3"] >= 0.83, found["missed"]
    assert 0.5 < found["mrr"] <= 1
    assert found["unseen"]["questions"] >= 40
    assert "unseen" not in own
    assert found["documents"] > 60
    assert found["retriever"] == "bm25+tfidf-svd"
    assert (own["questions"], own["hit_at_3"], own["mrr"]) == (1, 0.0, 0.0)
    assert evaluated("--set", str(broken), code=2)["error"]["field"] == "set"
    assert evaluated("--set", str(tmp_path / "none.json"), code=2)["error"]["field"] == "set"
