"""The job that reads documents and cuts them into passages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from forecastlab.events.services import log
from forecastlab.jobs.domain.statuses import JobStatus
from forecastlab.knowledge.domain import chunks, reading
from forecastlab.knowledge.domain.chunks import Passage
from forecastlab.knowledge.domain.extracts import Extract, Unreadable
from forecastlab.knowledge.domain.statuses import DOCUMENT, DocumentStatus
from forecastlab.knowledge.gateways import apart
from forecastlab.knowledge.models import Chunk, Document, DocumentText
from forecastlab.knowledge.services.documents import TITLE_LENGTH, default_title, hold_passages
from forecastlab.lib import artefacts
from forecastlab.lib.artefacts import ArtefactChanged, ArtefactMissing
from forecastlab.lib.contributions import Done, JobChange, NewEvent, StepContext
from forecastlab.lib.errors import HouseError
from forecastlab.lib.moves import after

INDEXED, UPDATED, UNCHANGED, FAILED = "indexed", "updated", "unchanged", "failed"
OUTCOMES = (INDEXED, UPDATED, UNCHANGED, FAILED)
# A document that is gone, or that another job has taken over meanwhile.
PASSED = ""
STOPPED = {
    "code": "stopped",
    "title": "Not indexed",
    "detail": "Its job ended before its turn came. Index it again.",
}


def index(context: StepContext) -> Done:
    """Index every document of the job; one that cannot be read fails alone."""
    wanted = context.params["documents"]
    counts: Counter[str] = Counter()
    for place, pk in enumerate(wanted):
        document = Document.objects.filter(pk=pk, job=context.job_id).first()
        if document is None:
            continue
        context.report(place / len(wanted), document.title)
        counts[_indexed(document, context, place / len(wanted))] += 1
    told = {outcome: counts[outcome] for outcome in OUTCOMES}
    words = [f"{count} {outcome}" for outcome, count in told.items() if count]
    return Done(", ".join(words) or "Nothing to index", told, warn=bool(counts[FAILED]))


def observe(change: JobChange) -> list[NewEvent]:
    """Let documents that a failed or stopped job did not come to say so."""
    if change.step is not None or change.status not in {JobStatus.FAILED, JobStatus.CANCELLED}:
        return []
    left = Document.objects.filter(job=change.job_id, status=DocumentStatus.QUEUED)
    found = list(left.select_for_update().order_by("pk"))
    for document in found:
        document.status = after(DOCUMENT, document.status, "fail").value
        document.error = STOPPED
    Document.objects.bulk_update(found, ["status", "error"])
    return [NewEvent(one.stream, "document.failed", STOPPED) for one in found]


def _indexed(document: Document, context: StepContext, fraction: float) -> str:
    """Return how it went; an earlier try of this step may have done it."""
    if document.status == DocumentStatus.INDEXED:
        return str(document.report["outcome"])
    if document.status == DocumentStatus.FAILED:
        return FAILED
    try:
        extract = _read(document, lambda: context.report(fraction, document.title))
        passages = chunks.cut(extract)
    except (Unreadable, ArtefactMissing, ArtefactChanged) as error:
        return _fail(document, error, context)
    return _store(document, extract, passages, context)


def _read(document: Document, waiting: Callable[[], None]) -> Extract:
    """Read what comes with the program here, and whatever somebody gave in another process."""
    file = artefacts.path(document.content_sha256)
    if document.source == Document.Source.DOCS:
        return reading.read(file.read_bytes(), document.media_type)
    return apart.read(file, document.media_type, waiting)


def _fail(document: Document, error: HouseError, context: StepContext) -> str:
    with context.fenced():
        locked = _still_ours(document, context)
        if locked is None:
            return PASSED
        locked.status = after(DOCUMENT, locked.status, "fail").value
        locked.error = error.as_json()
        locked.save(update_fields=["status", "error"])
        news = NewEvent(locked.stream, "document.failed", locked.error)
        log.append([news], actor_id=context.actor_id, at=context.now)
    return FAILED


def _store(
    document: Document, extract: Extract, passages: Sequence[Passage], context: StepContext
) -> str:
    with context.fenced():
        locked = _still_ours(document, context)
        if locked is None:
            return PASSED
        changes = _place(locked, passages)
        DocumentText.objects.update_or_create(
            document=locked,
            defaults={
                "text": "\n".join(extract.lines),
                "lines": len(extract.lines),
                "pages": list(extract.pages),
            },
        )
        called = (extract.title or default_title(locked.path))[:TITLE_LENGTH]
        locked.title = _title(locked, called)
        locked.report = {"outcome": _outcome(locked, changes), **changes, "title": called}
        locked.status = after(DOCUMENT, locked.status, "index").value
        locked.error, locked.indexed_at = {}, context.now
        locked.indexed_sha256 = chunks.recipe(locked.content_sha256)
        locked.save()
        news = NewEvent(locked.stream, "document.indexed", locked.report)
        log.append([news], actor_id=context.actor_id, at=context.now)
    return str(locked.report["outcome"])


def _still_ours(document: Document, context: StepContext) -> Document | None:
    """Return the document, locked, unless it is gone or has other bytes or another job by now."""
    return (
        Document.objects.select_for_update()
        .filter(pk=document.pk, job=context.job_id, content_sha256=document.content_sha256)
        .first()
    )


def _outcome(document: Document, changes: dict[str, int]) -> str:
    if document.indexed_at is None:
        return INDEXED
    return UPDATED if changes["new"] or changes["gone"] else UNCHANGED


def _title(document: Document, called: str) -> str:
    """Return what the document calls itself, unless somebody has called it otherwise."""
    of_its_own = (default_title(document.path), document.report.get("title"))
    return called if document.title in of_its_own else document.title


def _place(document: Document, passages: Sequence[Passage]) -> dict[str, int]:
    """Make the document's chunks those of `passages`; one with the same words keeps its row."""
    hold_passages(document)
    spare: dict[str, list[Chunk]] = defaultdict(list)
    before = document.chunks.order_by("-position").defer("text", "search")
    for chunk in before:
        spare[chunk.content_sha256].append(chunk)
    kept, new = [], []
    for position, passage in enumerate(passages):
        rows = spare[passage.content_sha256]
        place = _placed(passage, position)
        if rows:
            kept.append(_moved(rows.pop(), place))
        else:
            new.append(_chunk(document, passage, place))
    gone = [chunk.pk for rows in spare.values() for chunk in rows]
    Chunk.objects.filter(pk__in=gone).delete()
    Chunk.objects.bulk_update(kept, ["position", "first_line", "last_line", "page"], 500)
    Chunk.objects.bulk_create(new, 500)
    return {"passages": len(passages), "kept": len(kept), "new": len(new), "gone": len(gone)}


def _placed(passage: Passage, position: int) -> dict[str, Any]:
    return {
        "position": position,
        "first_line": passage.first_line,
        "last_line": passage.last_line,
        "page": passage.page,
    }


def _moved(chunk: Chunk, place: dict[str, Any]) -> Chunk:
    for name, value in place.items():
        setattr(chunk, name, value)
    return chunk


def _chunk(document: Document, passage: Passage, place: dict[str, Any]) -> Chunk:
    return Chunk(
        document=document,
        heading_path=passage.heading_path,
        text=passage.text,
        tokens=passage.tokens,
        content_sha256=passage.content_sha256,
        **place,
    )
