"""Icon, word and colour of every status a person can read."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Look:
    icon: str
    word: str | Promise
    tone: str


_LOOKS = {
    "queued": Look("circle-dashed", _("Queued"), "quiet"),
    "unreached": Look("circle-dashed", _("Not reached"), "quiet"),
    "skipped": Look("circle-minus", _("Skipped"), "quiet"),
    "running": Look("loader-circle", _("Running"), "accent"),
    "waiting": Look("hand", _("Waiting for you"), "ask"),
    "waiting_others": Look("hand", _("Waiting for approver"), "muted"),
    "held": Look("octagon-alert", _("Held back"), "warn"),
    "done": Look("circle-check", _("Done"), "ok"),
    "indexed": Look("circle-check", _("Indexed"), "ok"),
    "warned": Look("triangle-alert", _("Done, with warnings"), "warn"),
    "partial": Look("triangle-alert", _("Partly done"), "warn"),
    "stale": Look("clock", _("Stale"), "warn"),
    "unknown": Look("circle-question-mark", _("Outcome unknown"), "warn"),
    "failed": Look("circle-x", _("Failed"), "bad"),
    "blocked": Look("octagon-x", _("Blocked"), "bad"),
    "interrupted": Look("unlink", _("Interrupted"), "bad"),
    "approved": Look("check", _("Approved"), "muted"),
    "rejected": Look("x", _("Rejected"), "muted"),
    "expired": Look("clock", _("Expired"), "quiet"),
    "withdrawn": Look("circle-minus", _("Withdrawn"), "quiet"),
    "cancelled": Look("ban", _("Cancelled"), "quiet"),
}
_OTHER_WORDS = {
    "pending": "queued",
    "requested": "queued",
    "skip": "skipped",
    "claimed": "running",
    "awaiting": "waiting",
    "completed": "done",
    "succeeded": "done",
    "pass": "done",
    "ok": "done",
    "warn": "warned",
    "fail": "failed",
}


def look_of(status: str) -> Look:
    """How a status or a step's outcome looks; an unheard-of word is shown as it is."""
    known = _OTHER_WORDS.get(status, status)
    return _LOOKS.get(known, Look("circle-question-mark", status or _("Unknown"), "quiet"))
