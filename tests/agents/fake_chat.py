"""A provider of chat on this machine, whose answers are written in the request itself.

A message such as `lab_look a; lab_write b | lab_write c; mark_resolved` makes it call lab_look in
the first turn, lab_write twice in the second, and end in the third; `-` is a turn of words alone.
What begins with a brace are the arguments of a tool as JSON; `lab_look#one a` is a call with the
id `one`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ENDS = {
    "mark_resolved": {"resolution_summary": "It is written.", "confidence": 0.9},
    "mark_escalated": {"team": "planning", "reason": "Too hard.", "confidence": 0.4},
}


@dataclass
class FakeChat:
    """What was asked, and where; `refusals` are (status, body) given before any answer."""

    url: str = ""
    requests: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    refusals: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        calls = _calls(body["messages"])
        if path.endswith("/api/chat"):
            functions = [{"function": one["function"]} for one in calls]
            message = {"role": "assistant", "content": "So be it.", "tool_calls": functions}
            return {"message": message, "prompt_eval_count": 11, "eval_count": 7}
        for one in calls:
            one["function"]["arguments"] = json.dumps(one["function"]["arguments"])
        message = {"role": "assistant", "content": "So be it.", "tool_calls": calls or None}
        usage = {"prompt_tokens": 11, "completion_tokens": 7}
        return {"choices": [{"message": message}], "usage": usage}


def _calls(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the calls of the turn that the last request of a person has come to."""
    last = max(place for place, one in enumerate(messages) if one["role"] == "user")
    turn = sum(one["role"] == "assistant" for one in messages[last:])
    turns = [part.strip() for part in messages[last]["content"].split(";")]
    wanted = turns[turn] if turn < len(turns) else "-"
    if wanted == "-":
        return []
    return [_call(one, number) for number, one in enumerate(wanted.split("|"))]


def _call(text: str, number: int) -> dict[str, Any]:
    tool, _space, what = text.strip().partition(" ")
    tool, _hash, name = tool.partition("#")
    given: dict[str, Any] = json.loads(what) if what.startswith("{") else {"text": what}
    if tool in ENDS:
        given = {**ENDS[tool], "confidence_rationale": "So it says."}
    return {"id": name or f"call-{number}", "type": "function", "function": _function(tool, given)}


def _function(tool: str, given: dict[str, Any]) -> dict[str, Any]:
    return {"name": tool, "arguments": given}


@contextmanager
def fake_chat() -> Iterator[FakeChat]:
    """Answer on a free port of this machine."""
    fake = FakeChat()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fake.requests.append((self.path, body, self.headers.get("Authorization", "")))
            status, said = (
                fake.refusals.pop(0) if fake.refusals else (200, fake.answer(self.path, body))
            )
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
