"""What a run does with the documents of the program: ask the provider, index, find.

Nothing here fails a run. A provider that refuses is a step that was skipped, with the reason, and
what follows does without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.knowledge.domain.refusals import code_of
from forecastlab.knowledge.domain.statuses import DocumentStatus
from forecastlab.knowledge.models import Chunk, Citation, Document, DocumentQuerySet
from forecastlab.knowledge.queries import citations, nearness, retrieval
from forecastlab.knowledge.queries.retrieval import Found
from forecastlab.knowledge.services import corpus, indexing, vector_spaces
from forecastlab.lib.contributions import Done, Skipped, StepContext, StepResult
from forecastlab.lib.providers import configured
from forecastlab.lib.providers.errors import ProviderError

PROBE, INDEX, RETRIEVE = "embedding_provider_probe", "rag_index_subset", "rag_retrieve_probe"
QUESTION = "How do I keep a run, so that it is not deleted after some time?"
HITS = 3
# What a planner reads first; the rest is indexed beside the runs.
SUBSET = (
    "README.md",
    *(
        f"docs/how-to/{name}.md"
        for name in (
            "import-sales",
            "simulate-sales",
            "look-at-a-dataset",
            "start-a-run",
            "keep-runs",
            "compare-runs",
            "replay-a-run",
            "promote-a-model",
            "export-a-workspace",
        )
    ),
)
CURATED = ("README.md", *(f"docs/how-to/{one}.md" for one in ("start-a-run", "keep-runs")))
CURATED += ("docs/how-to/import-sales.md", "docs/how-to/compare-runs.md")


def probe(context: StepContext) -> StepResult:
    """Ask the configured provider for one vector, which tells whether its key and model work."""
    try:
        model = configured.embeddings()
        if model is None:
            told = {"provider": retrieval.OFFLINE, "reachable": True, "retriever": _offline()}
            return Done(_("No provider is set: vectors are fitted on the documents here"), told)
        vector = model.embed([QUESTION])[0]
    except ProviderError as error:
        told = {"provider": configured.name(), "reachable": False, "retriever": _offline()}
        told |= {"code": code_of(error.code), "reason": error.message}
        return Skipped(_("%s Documents are searched without it.") % error.message, told)
    told = {"provider": model.provider, "model": model.model, "reachable": True}
    told["dimension"] = len(vector)
    return Done(_("%(provider)s answers with %(model)s") % told, told)


def index(context: StepContext) -> StepResult:
    """Bring what planners read first up to its files, and all vectors with it."""
    corpus.follow_own(SUBSET, at=context.now)
    counts = _indexed(context)
    subset = _subset()
    total = subset.count()
    if not total:
        return Skipped(_("The program came without documents"), {"total_files": 0})
    vectors = vector_spaces.refresh(context)
    counts["unchanged"] = total - sum(counts.values())
    curated = subset.filter(path__in=CURATED, status=DocumentStatus.INDEXED).count()
    chunks = Chunk.objects.filter(document__in=subset).count()
    data: dict[str, Any] = {"total_files": total, **counts, "total_chunks": chunks}
    data |= {"corpus_files": max(total, len(corpus.own_files()))}
    data |= {"curated_hits": curated, "vectors": dict(vectors.data)}
    said = _(
        "%(total)s of %(all)s documents, those that planners read first: %(chunks)s passages; the "
        "others are read at the start and every hour. %(vectors)s"
    )
    told = {"total": total, "all": data["corpus_files"], "chunks": chunks}
    told["vectors"] = vectors.detail
    return Done(said % told, data, warn=vectors.warn or bool(counts["failed"]))


def retrieve(context: StepContext) -> StepResult:
    """Ask a question that the program's documents answer."""
    viewer = User.objects.filter(pk=context.actor_id or 0).first()
    if viewer is None:
        return Skipped(_("Whoever started the run is gone, and with them what they may read"))
    # Whoever may see the run reads this: documents of people are not for all of them.
    found = retrieval.retrieve(QUESTION, viewer, limit=HITS, source=Document.Source.DOCS)
    data: dict[str, Any] = {
        "question": QUESTION,
        "results_count": len(found.passages),
        "retriever": found.retriever,
        "total_chunks_searched": Chunk.objects.filter(
            document__source=Document.Source.DOCS
        ).count(),
        "results": [citations.of_passage(one) for one in found.passages],
    }
    if found.code:
        data |= {"code": code_of(found.code), "reason": found.note}
    if not found.passages:
        return Done(_("Nothing found"), data, warn=True)
    best = found.passages[0]
    data |= {
        "top_source_path": best.chunk.document.path,
        "top_relevance_score": round(best.score, 4),
    }
    _cite(found, context)
    said = _("%(title)s, lines %(lines)s, by %(retriever)s")
    told = {"title": best.chunk.document.title, "lines": best.lines, "retriever": found.retriever}
    return Done(said % told, data)


def _subset() -> DocumentQuerySet:
    return Document.objects.filter(source=Document.Source.DOCS, path__in=SUBSET)


def _indexed(context: StepContext) -> dict[str, int]:
    """Read here what waits to be read; a try that died has left its share done."""
    with context.fenced():
        waiting = _subset().filter(Q(status=DocumentStatus.QUEUED) | Q(job=context.job_id))
        waiting.update(job=context.job_id)
    found = list(_subset().filter(job=context.job_id).order_by("pk").values_list("pk", flat=True))
    done = indexing.index(replace(context, params={"documents": found}))
    return {name: int(done.data.get(name, 0)) for name in ("indexed", "updated", "failed")}


def _cite(found: Found, context: StepContext) -> None:
    with context.fenced():
        for one in found.passages:
            Citation.objects.get_or_create(
                used_kind="job",
                used_ref=str(context.job_id),
                document=one.chunk.document,
                document_key=one.chunk.document.key,
                chunk_sha256=one.chunk.content_sha256,
                defaults={
                    "first_line": one.chunk.first_line,
                    "last_line": one.chunk.last_line,
                    "used_by_id": context.actor_id,
                    "used_at": context.now,
                },
            )


def _offline() -> str:
    """Return what finds passages without a provider, as it stands."""
    words, vectors = retrieval.WORDS, retrieval.OFFLINE
    return f"{words}+{vectors}" if nearness.newest_fit() else words


# -- the story of a kept run -------------------------------------------------------------------


def story(steps: Mapping[str, Mapping[str, Any]], *, at: str) -> list[dict[str, Any]] | None:
    """Return what a run did with documents, in order; None where it did nothing."""
    kinds = {PROBE: _probed, INDEX: _was_indexed, RETRIEVE: _retrieved}
    told = [tell(steps[name]) for name, tell in kinds.items() if steps.get(name)]
    return [{**one, "occurred_at": at} for one in told] or None


def _probed(data: Mapping[str, Any]) -> dict[str, Any]:
    reachable = bool(data.get("reachable"))
    return {
        "event": "probe" if reachable else "skip",
        "status": "pass" if reachable else "skip",
        "detail": str(data.get("reason") or data.get("model") or data.get("retriever") or ""),
        "count": None,
        "provider": data.get("provider"),
        "reachable": reachable,
    }


def _was_indexed(data: Mapping[str, Any]) -> dict[str, Any]:
    total = int(data.get("total_files") or 0)
    return {
        "event": "index" if total else "skip",
        "status": "pass" if total else "skip",
        "detail": _("%s passages") % data.get("total_chunks", 0),
        "count": total,
        "provider": None,
        "reachable": None,
    }


def _retrieved(data: Mapping[str, Any]) -> dict[str, Any]:
    count = int(data.get("results_count") or 0)
    return {
        "event": "retrieve",
        "status": "pass" if count else "warn",
        "detail": str(data.get("top_source_path") or ""),
        "count": count,
        "provider": data.get("retriever"),
        "reachable": None,
        "citations": [
            {"title": str(one.get("title")), "url": str(one.get("url"))}
            for one in data.get("results") or ()
        ],
    }
