"""Embedding models behind the two forms of HTTP that most providers speak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from pydantic import BaseModel, FiniteFloat, ValidationError

from forecastlab.lib.providers.errors import Rejected
from forecastlab.lib.providers.http import Endpoint
from forecastlab.lib.providers.port import Heard

BATCH = 64

Answer = TypeVar("Answer", bound=BaseModel)


class _Numbered(BaseModel):
    index: int
    embedding: list[FiniteFloat]


class _OpenAIAnswer(BaseModel):
    data: list[_Numbered]


class _OllamaAnswer(BaseModel):
    embeddings: list[list[FiniteFloat]]


@dataclass(frozen=True, slots=True)
class OpenAIEmbeddings:
    """`POST {url}/embeddings` as OpenAI defines it, and many others do."""

    endpoint: Endpoint
    url: str
    model: str
    provider: str = "openai"

    def embed(self, texts: Sequence[str], *, heard: Heard | None = None) -> list[list[float]]:
        return _in_batches(self._batch, texts, heard)

    def _batch(self, texts: list[str]) -> list[list[float]]:
        body = {"model": self.model, "input": texts, "encoding_format": "float"}
        answer = _read(_OpenAIAnswer, self.endpoint.post(f"{self.url}/embeddings", body))
        return [one.embedding for one in sorted(answer.data, key=lambda one: one.index)]


@dataclass(frozen=True, slots=True)
class OllamaEmbeddings:
    """`POST {url}/api/embed` as Ollama defines it."""

    endpoint: Endpoint
    url: str
    model: str
    provider: str = "ollama"

    def embed(self, texts: Sequence[str], *, heard: Heard | None = None) -> list[list[float]]:
        return _in_batches(self._batch, texts, heard)

    def _batch(self, texts: list[str]) -> list[list[float]]:
        body = {"model": self.model, "input": texts}
        return _read(_OllamaAnswer, self.endpoint.post(f"{self.url}/api/embed", body)).embeddings


def _in_batches(batch: Any, texts: Sequence[str], heard: Heard | None) -> list[list[float]]:
    found: list[list[float]] = []
    for start in range(0, len(texts), BATCH):
        asked = list(texts[start : start + BATCH])
        found += _checked(batch(asked), len(asked))
        if heard is not None:
            heard(len(found), len(texts))
    if len({len(one) for one in found}) > 1:
        raise Rejected(_("The provider's vectors differ in length."))
    return found


def _checked(vectors: list[list[float]], asked: int) -> list[list[float]]:
    if len(vectors) != asked or not all(vectors):
        told = {"asked": asked, "got": len(vectors)}
        raise Rejected(_("The provider was asked for %(asked)s vectors and sent %(got)s.") % told)
    return vectors


def _read(kind: type[Answer], body: Any) -> Answer:
    try:
        return kind.model_validate(body)
    except ValidationError:
        raise Rejected(_("The provider's answer is no list of vectors.")) from None
