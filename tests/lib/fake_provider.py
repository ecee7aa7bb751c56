"""A provider of embeddings on 127.0.0.1: somebody else's server, so we stand in for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

DIMENSION = 8
Answer = tuple[int, dict[str, str], Any]


@dataclass
class FakeProvider:
    """Answers like OpenAI and like Ollama; `answers` are given first, one for each request."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    requests: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    dimension: int = DIMENSION

    def refuse(self, status: int, body: Any = None, **headers: str) -> None:
        self.answers.append((status, headers, body if body is not None else {}))

    def answer(self, path: str, body: dict[str, Any], key: str) -> Answer:
        self.requests.append((path, body, key))
        if self.answers:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        vectors = [self.vector(text) for text in body["input"]]
        if path.endswith("/api/embed"):
            return 200, {}, {"embeddings": vectors}
        # In another order than asked: the index says which is which.
        numbered = [{"index": at, "embedding": one} for at, one in enumerate(vectors)]
        return 200, {}, {"data": numbered[::-1]}

    def vector(self, text: str) -> list[float]:
        """Count words by a hash of each, so that texts that share words are near."""
        found = [0.01] * self.dimension
        for word in text.lower().split():
            found[sha256(word.encode()).digest()[0] % self.dimension] += 1.0
        return found


@contextmanager
def fake_provider() -> Iterator[FakeProvider]:
    provider = FakeProvider(url="")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = self.headers.get("Authorization", "")
            status, headers, told = provider.answer(self.path, body, key)
            content = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: Any) -> None:
            """Stay silent: what is printed here would land among the test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
