"""The scoring of an older system, kept to compare with: its table, summed and banded by our gate.

Nothing that runs goes by it. An amount that is no number counts as none there, an unknown action
starts at 70, and being in a hurry makes an action surer; our gate does none of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agents.domain import gate
from agents.domain.gate import Factor

BASES = {
    "delete_project": 40,
    "sign_contract": 50,
    "approve_expense": 60,
    "send_bulk_notification": 70,
    "send_notification": 80,
    "update_task_status": 85,
}
UNKNOWN = 70


def score(tool: str, arguments: Mapping[str, Any], context: Mapping[str, Any]) -> int:
    """Return 0 to 100 for a call as that system would have."""
    return sum(one.points for one in gate.summed(_factors(tool, arguments, context)))


def _factors(
    tool: str, arguments: Mapping[str, Any], context: Mapping[str, Any]
) -> Iterator[Factor]:
    amount, recipients = arguments.get("amount"), arguments.get("recipient_count", 1)
    moves = (
        ("admin", 10, context.get("user_role") == "admin"),
        ("verified", 5, context.get("workspace_verified")),
        ("time_sensitive", 5, context.get("time_sensitive")),
        ("amount", -15, isinstance(amount, int | float) and amount > 1000),
        ("bulk", -10, "bulk" in tool.lower() or arguments.get("is_bulk")),
        ("recipients", -10, isinstance(recipients, int) and recipients > 100),
    )
    yield Factor("start", BASES.get(tool, UNKNOWN))
    yield from (Factor(code, points) for code, points, holds in moves if holds)
