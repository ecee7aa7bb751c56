"""The lives of what agents do, as tables; docs/reference/states.md is made from them."""

from __future__ import annotations

from forecastlab.lib.moves import Table

SESSION: Table[str] = {
    "queued": {
        "start": "running",
        "link": "succeeded",
        "cancel": "cancelled",
        "fail": "failed",
    },
    "running": {
        "park": "waiting",
        "succeed": "succeeded",
        "fail": "failed",
        "cancel": "cancelled",
    },
    "waiting": {"requeue": "queued", "cancel": "cancelled", "fail": "failed"},
    "succeeded": {"continue": "queued"},
    "failed": {"continue": "queued"},
    "cancelled": {},
}
ATTEMPT: Table[str] = {
    "running": {"park": "parked", "end": "ended"},
    "parked": {"resume": "running", "end": "ended"},
    "ended": {},
}
INVOCATION: Table[str] = {
    "requested": {
        "ask": "awaiting",
        "claim": "claimed",
        "reject": "rejected",
        "fail": "failed",
        "cancel": "cancelled",
    },
    "awaiting": {"claim": "claimed", "reject": "rejected", "cancel": "cancelled"},
    "claimed": {
        "succeed": "succeeded",
        "fail": "failed",
        "lose": "unknown",
        "again": "requested",
    },
    "unknown": {"succeed": "succeeded", "fail": "failed"},
    "succeeded": {},
    "failed": {},
    "rejected": {},
    "cancelled": {},
}
APPROVAL: Table[str] = {
    "open": {
        "approve": "approved",
        "reject": "rejected",
        "expire": "expired",
        "withdraw": "withdrawn",
    },
    "approved": {},
    "rejected": {},
    "expired": {},
    "withdrawn": {},
}
PAUSE: Table[str] = {
    "open": {"answer": "answered", "withdraw": "withdrawn"},
    "answered": {},
    "withdrawn": {},
}
TABLES = {
    "Session": SESSION,
    "Attempt": ATTEMPT,
    "Invocation": INVOCATION,
    "Approval": APPROVAL,
    "Pause": PAUSE,
}
