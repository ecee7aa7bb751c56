from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from agents.models import Approval
from agents.queries import approval_json, approval_list
from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.lib.commands import add_page

FILTERS = ("status", "lane", "risk", "tool", "dataset", "session")


class Command(ActingCommand):
    help = "List approvals, newest first: open ones, unless a status is given."
    verb = "approval.view"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        statuses = [*Approval.Status.values, approval_list.EVERY]
        parser.add_argument("--status", choices=statuses, help="open if left out")
        parser.add_argument("--lane", choices=Approval.Lane.values)
        parser.add_argument("--risk", choices=["low", "medium", "high"])
        parser.add_argument("--tool", metavar="NAME")
        parser.add_argument("--dataset", metavar="NAME")
        parser.add_argument("--session", metavar="REF")
        add_page(parser)

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        filters = {name: options[name] for name in FILTERS if options[name]}
        found, following = approval_list.listed(
            self.actor, filters=filters, limit=options["limit"], cursor=options["cursor"]
        )
        return {"items": [approval_json.summary(one) for one in found], "next": following}

    def describe(self, result: Mapping[str, Any]) -> str:
        return "\n".join(_line(one) for one in result["items"]) or "No approval."


def _line(one: Mapping[str, Any]) -> str:
    told = f"{one['id']:6d}  {one['status']:9s} {one['lane']:6s} {one['risk']:6s} {one['session']}"
    ends = (
        f" (open until {one['expires_at']:%Y-%m-%d %H:%M} UTC)" if one["status"] == "open" else ""
    )
    return f"{told}  {one['action']}{ends}"
