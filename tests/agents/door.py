"""The way that programs go in: sessions and approvals over the API, signed in as somebody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from agents.models import Session
from forecastlab.accounts.models import User
from tests.agents.factories import advance
from tests.factories import make_user


class Door(Client):
    """A program of a person; `tell` posts JSON and `read` gets it."""

    def __init__(self, person: User | None) -> None:
        super().__init__(raise_request_exception=False)
        if person is not None:
            self.force_login(person)

    def tell(self, name: str, *args: object, key: str = "", **body: Any) -> HttpResponse:
        headers = {"Idempotency-Key": key} if key else {}
        url = reverse(f"api:{name}", args=args)
        return self.post(url, json.dumps(body), "application/json", headers=headers)

    def read(self, name: str, *args: object, **query: Any) -> Any:
        return self.get(reverse(f"api:{name}", args=args), query).json()

    # -- sessions ------------------------------------------------------------------------------

    def ask(self, message: str, **body: Any) -> Session:
        """Start a session, and let workers do what they may."""
        answer = self.tell("session-start", **{"skill": "lab", "message": message, **body})
        assert answer.status_code == 201, answer.content
        return advance(Session.objects.get(pk=answer.json()["session"]))

    def look(self, session: Session) -> Any:
        return self.read("session", session.pk)

    def calls(self, session: Session) -> list[tuple[str, str]]:
        return [(one["tool"], one["state"]) for one in self.look(session)["invocations"]]

    def kinds(self, session: Session) -> list[str]:
        """The events of a session, as its stream tells them."""
        told = self.read("stream-events", session.stream)
        return [one["kind"] for one in told["events"]]

    # -- approvals -----------------------------------------------------------------------------

    def asked(self, session: Session) -> list[int]:
        return [one["id"] for one in self.look(session)["open_approvals"]]

    def decide(self, approval: int, verdict: str, **body: Any) -> HttpResponse:
        """Answer an approval as it is shown now."""
        shown = self.read("approval-read", approval)
        seen = {"version": shown.get("version", 1), "digest": shown.get("digest", "")}
        return self.tell("approval-decide", approval, verdict=verdict, **{**seen, **body})


def effects(folder: Path) -> list[str]:
    """What the tools of the laboratory have written, in alphabetical order."""
    lines = (folder / "effects").read_text().splitlines()
    return sorted(line.partition(" ")[2] for line in lines)


def planner(name: str = "alice") -> Door:
    return Door(make_user(name))


def approver(name: str = "dora") -> Door:
    return Door(make_user(name, role="approver"))
