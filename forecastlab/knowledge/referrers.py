from __future__ import annotations

from collections.abc import Iterable

from forecastlab.knowledge.models import Document, VectorSpace
from forecastlab.lib.contributions import ArtefactReferrer


def _originals() -> Iterable[str]:
    return Document.objects.values_list("content_sha256", flat=True)


def _fits() -> Iterable[str]:
    return VectorSpace.objects.fitted().values_list("artefact", flat=True)


ORIGINALS = ArtefactReferrer("bytes of documents", _originals)
FITS = ArtefactReferrer("vectors fitted on documents", _fits)
