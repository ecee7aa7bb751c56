"""What a session came to: only tools that were executed count, never what a model says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ENDS = ("resolved", "escalated")


@dataclass(frozen=True, slots=True)
class Settled:
    """The outcome of a session with its reason, and what the tool that ended it told."""

    outcome: str
    reason: str
    data: Mapping[str, Any] = field(default_factory=dict)


def infer(proposals: Sequence[Mapping[str, Any]], *, otherwise: str) -> Settled:
    """Return the outcome that the last proposal of an executed tool names.

    `proposals` are those of the calls that succeeded, oldest first: `status`, `reason`, `data`,
    `confidence`. Without one that ends a session it is `needs_review`, because of `otherwise`;
    findings are kept all the same.
    """
    found = {"findings": [dict(one) for one in proposals if one and not one.get("status")]}
    for one in reversed(proposals):
        if one.get("status") in ENDS:
            data = {**found, **one.get("data", {}), "confidence": one.get("confidence")}
            return Settled(str(one["status"]), str(one.get("reason", "")), data)
    return Settled("needs_review", otherwise, found)
