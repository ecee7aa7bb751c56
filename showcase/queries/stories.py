"""Events of runs as sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from forecastlab.events.models import Event
from forecastlab.lib.statuses import look_of

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline, as `components/timeline.html` wants it."""

    at: datetime
    text: str
    detail: str
    tone: str
    key: str
    url: str = ""


TONES = {"accent": "accent", "ok": "ok", "warn": "warn", "bad": "bad", "ask": "ask"}


def newest(stream: str) -> list[Entry]:
    """Return the newest entries of a run's stream, newest first."""
    found = Event.objects.filter(stream=stream).order_by("-seq")[:SHOWN]
    return entries(found)


def entries(events: Iterable[Event]) -> list[Entry]:
    return [
        Entry(
            at=event.at,
            text=_text(event),
            detail="",
            tone=TONES.get(look_of(_status(event)).tone, ""),
            key=f"{event.stream.replace('.', '-')}-{event.seq}",
        )
        for event in events
    ]


def _status(event: Event) -> str:
    if event.kind.startswith("step."):
        return str(event.payload.get("status", ""))
    return event.kind.partition(".")[2]


def _text(event: Event) -> str:
    title = str(event.payload.get("title", event.payload.get("step", "")))
    if event.kind == "step.started":
        return _("%(step)s started") % {"step": title}
    if event.kind == "step.finished":
        word = str(look_of(_status(event) or "cancelled").word)
        return f"{title}: {word[:1].lower()}{word[1:]}"
    return _run_text(event)


def _run_text(event: Event) -> str:
    words = {
        "run.queued": _("Run queued"),
        "run.running": _("Run started"),
        "run.waiting": _("Run waits for a decision"),
        "run.stop_asked": str(event.payload.get("detail") or _("Stop asked")),
        "run.succeeded": _("Run done"),
        "run.failed": _("Run failed"),
        "run.cancelled": _("Run cancelled"),
    }
    return words.get(event.kind, event.kind)
