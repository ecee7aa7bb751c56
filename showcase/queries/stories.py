"""Events of runs as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from forecastlab.events.models import Event
from forecastlab.lib.statuses import look_of

SHOWN = 8
# What these tell stands in their detail, where they have one.
SAID = ("run.stop_asked", "run.resumed", "run.answered", "run.waiting")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline, as `components/timeline.html` wants it."""

    at: datetime
    text: str
    detail: str
    tone: str
    key: str


TONES = {"accent": "accent", "ok": "ok", "warn": "warn", "bad": "bad", "ask": "ask"}


def of_several(events: Iterable[Event], *, kept: Mapping[str, str]) -> list[Entry]:
    """Return entries that say which run they are about; `kept` names workspaces by stream."""
    return [_of_one(event, kept.get(event.stream, "")) for event in events]


def _of_one(event: Event, workspace: str) -> Entry:
    entry = _entry(event, run=_("Run %(n)s") % {"n": _number(event)})
    if event.kind != "run.succeeded" or not workspace:
        return entry
    said = {"done": entry.text, "name": workspace}
    return replace(entry, text=_("%(done)s, kept as %(name)s") % said)


def _number(event: Event) -> str:
    return event.stream.partition(".")[2]


def newest(stream: str) -> list[Entry]:
    """Return the newest entries of a run's stream, newest first."""
    found = Event.objects.filter(stream=stream).order_by("-seq")[:SHOWN]
    return entries(found)


def entries(events: Iterable[Event]) -> list[Entry]:
    return [_entry(event) for event in events]


def _entry(event: Event, *, run: str = "") -> Entry:
    return Entry(
        at=event.at,
        text=_text(event, run=run or _("Run")),
        detail=str(event.payload.get("name", "")) if run else "",
        tone=TONES.get(look_of(_status(event)).tone, ""),
        key=f"{event.stream.replace('.', '-')}-{event.seq}",
    )


def _status(event: Event) -> str:
    if event.kind.startswith("step."):
        return str(event.payload.get("status", ""))
    return event.kind.partition(".")[2]


def _text(event: Event, *, run: str) -> str:
    title = str(event.payload.get("title", event.payload.get("step", "")))
    if event.kind == "step.started":
        return _("%(step)s started") % {"step": title}
    if event.kind == "step.finished":
        word = str(look_of(_status(event) or "cancelled").word)
        return f"{title}: {word[:1].lower()}{word[1:]}"
    return _run_text(event, run=run)


def _run_text(event: Event, *, run: str) -> str:
    words = {
        "run.queued": _("%(run)s queued"),
        "run.running": _("%(run)s started"),
        "run.waiting": _("%(run)s waits for a decision"),
        "run.stop_asked": _("%(run)s: stop asked"),
        "run.resumed": _("%(run)s goes on"),
        "run.succeeded": _("%(run)s done"),
        "run.failed": _("%(run)s failed"),
        "run.cancelled": _("%(run)s cancelled"),
        "run.imported": _("%(run)s imported"),
        "run.interrupted": _("%(run)s interrupted"),
        "run.answered": _("%(run)s: an agent's question was answered"),
    }
    if event.kind in SAID and event.payload.get("detail"):
        asked = str(event.payload["detail"])
        return asked if run == _("Run") else f"{run}: {asked}"
    return words.get(event.kind, event.kind) % {"run": run}
