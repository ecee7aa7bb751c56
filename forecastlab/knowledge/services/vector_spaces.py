"""Keeping the vectors of passages up with the corpus: those fitted here, and a provider's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from forecastlab.knowledge.domain import fitting, ranking, vectors
from forecastlab.knowledge.domain.fitting import Row
from forecastlab.knowledge.domain.refusals import code_of
from forecastlab.knowledge.models import Chunk, ChunkQuerySet, ChunkVector, VectorSpace
from forecastlab.knowledge.queries import nearness
from forecastlab.lib import artefacts
from forecastlab.lib.contributions import Done, StepContext
from forecastlab.lib.providers import configured
from forecastlab.lib.providers.errors import ProviderError
from forecastlab.lib.providers.port import EmbeddingModel

LOCK = "SELECT pg_advisory_xact_lock(hashtext('knowledge.vectors'))"
AT_ONCE = 64

DIGEST = """
SELECT encode(sha256(coalesce(string_agg(id || content_sha256, ',' ORDER BY id), '')::bytea), 'hex')
FROM knowledge_chunk
"""
WORDS = """
SELECT chunk.id, word.lexeme, (
    SELECT sum(CASE weight WHEN 'A' THEN %s ELSE 1 END) FROM unnest(word.weights) AS weight
)::float8
FROM knowledge_chunk AS chunk CROSS JOIN LATERAL unnest(chunk.search) AS word
"""


@dataclass(frozen=True, slots=True)
class Embedded:
    """What a provider was asked for; `code` and `why` where it did not do all of it."""

    provider: str = ""
    passages: int = 0
    code: str = ""
    why: str = ""


def refresh(context: StepContext) -> Done:
    """Bring all vectors up to the passages; a provider that refuses is told of, no failure."""
    space = fit(context, anew=bool(context.params.get("refit")))
    embedded = embed(context)
    data: dict[str, Any] = {
        "dimension": space.dimension if space else None,
        "fitted_on": space.passages if space else 0,
        "folded": space.folded if space else 0,
        "provider": embedded.provider or None,
        "embedded": embedded.passages,
    }
    said = [_fitted(space)]
    if embedded.provider:
        told = {"count": embedded.passages, "provider": embedded.provider}
        said.append(_("%(count)s passages embedded by %(provider)s") % told)
    if embedded.code:
        data |= {"code": code_of(embedded.code), "reason": embedded.why}
        said.append(embedded.why)
    return Done(". ".join(said), data, warn=bool(embedded.code))


def _fitted(space: VectorSpace | None) -> str:
    if space is None:
        return _("Too few passages to fit vectors on")
    told = {"passages": space.passages, "folded": space.folded}
    if space.folded:
        return _("Vectors fitted on %(passages)s passages, %(folded)s laid into them since") % told
    return _("Vectors fitted on %(passages)s passages") % told


def fit(context: StepContext, *, anew: bool = False) -> VectorSpace | None:
    """Give every passage its vector: laid into the fit that is there, or fitted anew.

    Anew is fitted where too much has changed since (`fitting.has_drifted`), where what was learnt
    is lost, or when asked for.
    Returns the space; None where there are too few passages, and then there is no fitted one.
    """
    space = nearness.newest_fit()
    if space is None or anew or not artefacts.has(space.artefact):
        return _fit_anew(context)
    missing = list(_without_vector(space).order_by("pk").values_list("pk", flat=True))
    known = space.vectors.count()
    new, gone = space.folded + len(missing), space.passages + space.folded - known
    if fitting.has_drifted(space.passages, new, gone):
        return _fit_anew(context)
    return _fold(space, missing, context) if missing else space


def _fold(space: VectorSpace, missing: Sequence[int], context: StepContext) -> VectorSpace | None:
    """Lay passages into a fit; where another job has just made a new one, into that."""
    context.report(text=_("Laying %s passages into the vectors") % len(missing))
    learnt = nearness.fitted(space.artefact)
    values = fitting.fold(learnt, missing, _words(missing))
    with context.fenced():
        _alone()
        held = VectorSpace.objects.select_for_update().filter(pk=space.pk).first()
        if held is not None:
            held.folded += _store(held, missing, values.tolist())
            held.save(update_fields=["folded"])
            return held
    return fit(context)


def _fit_anew(context: StepContext) -> VectorSpace | None:
    digest = corpus_digest()
    context.report(text=_("Fitting vectors"))
    made = fitting.fit(_words())
    if made is None:
        with context.fenced():
            VectorSpace.objects.fitted().delete()
        return None
    learnt, passages, values = made
    artefact = artefacts.put(learnt.as_bytes())
    context.report(text=_("Storing vectors"))
    with context.fenced():
        _alone()
        space, _new = VectorSpace.objects.fitted().update_or_create(
            provider="",
            model=vectors.RECIPE,
            dimension=learnt.dimension,
            corpus_sha256=digest,
            defaults={
                "artefact": artefact,
                "passages": len(passages),
                "folded": 0,
                "made_at": context.now,
            },
        )
        _store(space, passages, values.tolist())
        VectorSpace.objects.fitted().exclude(pk=space.pk).delete()
    return space


def embed(context: StepContext) -> Embedded:
    """Ask the configured provider for the vectors that are missing, some at a time."""
    try:
        model = configured.embeddings()
    except ProviderError as error:
        return Embedded(code=error.code, why=error.message)
    if model is None:
        return Embedded()
    done = 0
    try:
        while batch := _missing(model):
            done += _embed(batch, model, context)
            context.report(text=_("%s passages embedded") % done)
    except ProviderError as error:
        return Embedded(model.provider, done, error.code, error.message)
    return Embedded(model.provider, done)


def corpus_digest() -> str:
    """Return the SHA-256 of all passages, by number and content."""
    with connection.cursor() as cursor:
        cursor.execute(DIGEST)
        return str(cursor.fetchone()[0])


def _words(passages: Sequence[int] | None = None) -> list[Row]:
    """Return the words of some passages, or of all."""
    wanted = "" if passages is None else " WHERE chunk.id = ANY (%s)"
    given = [] if passages is None else [list(passages)]
    with connection.cursor() as cursor:
        cursor.execute(WORDS + wanted, [ranking.HEADING, *given])
        return list(cursor.fetchall())


def _without_vector(space: VectorSpace | None) -> ChunkQuerySet:
    held = ChunkVector.objects.filter(
        chunk=OuterRef("pk"), space=space, content_sha256=OuterRef("content_sha256")
    )
    return Chunk.objects.filter(~Exists(held))


def _missing(model: EmbeddingModel) -> list[Chunk]:
    """Return the first passages that have no vector of the model's newest dimension."""
    space = VectorSpace.objects.of_provider(model.provider, model.model).newest_first().first()
    return list(_without_vector(space).defer("search").order_by("pk")[:AT_ONCE])


def _embed(batch: Sequence[Chunk], model: EmbeddingModel, context: StepContext) -> int:
    texts = [f"{one.heading_path}\n{one.text}".strip() for one in batch]
    found = model.embed(texts)
    with context.fenced():
        _alone()
        space, _new = VectorSpace.objects.update_or_create(
            provider=model.provider,
            model=model.model,
            dimension=len(found[0]),
            corpus_sha256="",
            defaults={"made_at": context.now},
        )
        return _store(space, [one.pk for one in batch], found)


def _store(space: VectorSpace, passages: Sequence[int], values: Sequence[list[float]]) -> int:
    """Store vectors of the passages that are still there, locked until this is written."""
    held = Chunk.objects.filter(pk__in=passages).order_by("pk").select_for_update(no_key=True)
    hashes = dict(held.values_list("pk", "content_sha256"))
    rows = [
        ChunkVector(space=space, chunk_id=pk, content_sha256=hashes[pk], values=vector)
        for pk, vector in zip(passages, values, strict=True)
        if pk in hashes
    ]
    ChunkVector.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        update_fields=["content_sha256", "values"],
        unique_fields=["space", "chunk"],
    )
    return len(rows)


def _alone() -> None:
    """Let one transaction at a time write vectors."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
