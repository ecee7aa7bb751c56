"""Asking a provider: where we go, what comes back, and how it is told when it does not."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from forecastlab.lib.providers import configured, egress, errors
from forecastlab.lib.providers.http import Patience
from forecastlab.lib.providers.port import EmbeddingModel
from forecastlab.lib.providers.redaction import redacted
from tests.lib.fake_provider import FakeProvider, fake_provider

KEY = "sk-test-4f9a81c2d7e6"
QUICK = Patience(connect=1, read=2, tries=3, pause=0.01, longest_pause=0.05)


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with fake_provider() as found:
        yield found


@pytest.fixture
def model(provider: FakeProvider, settings: Any) -> EmbeddingModel:
    settings.EMBEDDING_PROVIDER = "openai"
    settings.EMBEDDING_URL = f"{provider.url}/v1/"
    settings.EMBEDDING_MODEL = "small"
    settings.EMBEDDING_KEY = KEY
    found = configured.embeddings(patience=QUICK)
    assert found is not None
    return found


def test_texts_become_vectors_in_their_order(provider: FakeProvider, model: EmbeddingModel) -> None:
    texts = [f"word{n}" for n in range(70)]
    told: list[tuple[int, int]] = []

    found = model.embed(texts, heard=lambda done, of: told.append((done, of)))

    assert found == [provider.vector(text) for text in texts]
    assert told == [(64, 70), (70, 70)]
    path, body, key = provider.requests[0]
    assert (path, body["model"], key) == ("/v1/embeddings", "small", f"Bearer {KEY}")


def test_ollama_is_asked_in_its_own_form(provider: FakeProvider, settings: Any) -> None:
    settings.EMBEDDING_PROVIDER = "ollama"
    settings.EMBEDDING_URL = provider.url
    model = configured.embeddings(patience=QUICK)
    assert model is not None

    assert model.embed(["a b"]) == [provider.vector("a b")]
    path, body, key = provider.requests[0]
    assert (path, body["model"], key) == ("/api/embed", "nomic-embed-text", "")


def test_without_a_setting_there_is_no_provider(settings: Any) -> None:
    settings.EMBEDDING_PROVIDER = ""

    assert configured.embeddings() is None

    settings.EMBEDDING_PROVIDER = "nobody"
    with pytest.raises(errors.ProviderUnknown, match="openai or ollama"):
        configured.embeddings()


@pytest.mark.parametrize(
    ("status", "body", "kind", "tries"),
    [
        (401, {"error": {"message": f"Incorrect API key: {KEY}"}}, errors.AuthRefused, 1),
        (403, {}, errors.AuthRefused, 1),
        (404, {"error": {"code": "model_not_found"}}, errors.ModelUnknown, 1),
        (400, {"error": "model_not_found"}, errors.ModelUnknown, 1),
        (402, {}, errors.QuotaExhausted, 1),
        (429, {"error": {"code": "insufficient_quota"}}, errors.QuotaExhausted, 1),
        (429, {"error": {"code": "rate_limit_exceeded"}}, errors.QuotaExhausted, 3),
        (503, b"<html>down</html>", errors.Unreachable, 3),
        (400, {"error": {"message": "too long"}}, errors.Rejected, 1),
        (200, b"no json", errors.Rejected, 1),
        (200, {"data": [{"index": 0, "embedding": ["x"]}]}, errors.Rejected, 1),
        (200, {"data": []}, errors.Rejected, 1),
        (200, b'{"data": [{"index": 0, "embedding": [NaN]}]}', errors.Rejected, 1),
    ],
)
def test_refusals_are_told_by_kind_and_without_the_key(
    provider: FakeProvider,
    model: EmbeddingModel,
    caplog: pytest.LogCaptureFixture,
    status: int,
    body: Any,
    kind: type[errors.ProviderError],
    tries: int,
) -> None:
    provider.refuse(status, body)

    with caplog.at_level(logging.DEBUG), pytest.raises(kind) as refused:
        model.embed(["a"])

    assert type(refused.value) is kind
    assert len(provider.requests) == tries
    assert KEY not in caplog.text + refused.value.message + repr(model)


def test_a_limit_of_rate_passes(provider: FakeProvider, model: EmbeddingModel) -> None:
    provider.refuse(429, {}, Retry_After="0")
    provider.refuse(503, b"[" * 100_000, Retry_After="\N{SUPERSCRIPT TWO}")
    vectors = {"data": [{"index": 0, "embedding": [1.0, 2.0]}]}
    provider.refuse(200, vectors)

    assert model.embed(["a"]) == [[1.0, 2.0]]
    assert len(provider.requests) == 3


def test_redirects_are_not_followed(provider: FakeProvider, model: EmbeddingModel) -> None:
    with fake_provider() as elsewhere:
        provider.refuse(307, {}, Location=f"{elsewhere.url}/v1/embeddings")

        with pytest.raises(errors.Rejected, match="sends us elsewhere"):
            model.embed(["a"])

        assert elsewhere.requests == []


def test_who_does_not_listen_is_unavailable(settings: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.EMBEDDING_PROVIDER = "ollama"
        settings.EMBEDDING_URL = f"http://127.0.0.1:{taken.getsockname()[1]}"
        model = configured.embeddings(patience=QUICK)
        assert model is not None

        with pytest.raises(errors.Unreachable, match=r"127\.0\.0\.1 does not answer"):
            model.embed(["a"])


def test_the_environment_opens_no_other_way(
    provider: FakeProvider, model: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_provider() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)

        model.embed(["a"])

        assert proxy.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x",
        "https://127.0.0.1/v1",
        "http://127.0.0.1.example.com/v1",
        "http://user@127.0.0.1/v1",
        "file:///etc/passwd",
        "http://127.0.0.1:x/",
        "",
    ],
)
def test_no_other_origin_is_let_out(url: str) -> None:
    with pytest.raises(errors.EgressRefused):
        egress.origin("http://127.0.0.1/v1").check(url)


def test_a_key_travels_openly_on_this_machine_alone() -> None:
    assert egress.allowed("http://gpu.lan:11434", key="").port == 11434
    assert egress.allowed("http://localhost:8080", key=KEY).host == "localhost"
    with pytest.raises(errors.EgressRefused, match="without TLS"):
        egress.allowed("http://gpu.lan:11434", key=KEY)


def test_what_looks_like_a_key_is_struck_out() -> None:
    text = f"Bearer abc.def\n{KEY} is not sk-proj-AbC123def456 " + "x" * 400

    told = redacted(text, key=KEY)

    assert "abc.def" not in told
    assert "sk-" not in told
    assert len(told) == 300
