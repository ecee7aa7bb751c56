from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from agents.models import Approval
from agents.queries import approval_json
from agents.services import decisions
from forecastlab.accounts.services.commands import ActingCommand
from forecastlab.jobs.services import following

SETTLED = ("succeeded", "failed", "rejected", "cancelled", "unknown")


class Command(ActingCommand):
    help = "Answer an approval, and wait for what comes of it."
    verb = "approval.decide"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("approval", type=int, metavar="ID")
        parser.add_argument("verdict", choices=decisions.VERDICTS)
        parser.add_argument("--reason", default="")
        parser.add_argument("--phrase", default="", help="what must be typed to approve")
        parser.add_argument("--no-wait", action="store_true", help="print the job and return")

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        seen = decisions.find(options["approval"], viewer=self.actor)
        decisions.decide(
            seen.pk,
            options["verdict"],
            by=self.actor,
            version=seen.version,
            digest=seen.digest,
            reason=options["reason"],
            phrase=options["phrase"],
            at=timezone.now(),
        )
        if options["no_wait"]:
            return {"job": seen.invocation.session.job_id}
        return approval_json.decided(self._settled(seen.pk))

    def _settled(self, approval_id: int) -> Approval:
        """Return the approval when its call has come to an end, or waits for another person.

        Ctrl-C stops the waiting, not the session.
        """
        said = ""
        while True:
            found = decisions.find(approval_id, viewer=self.actor)
            if found.is_open or found.invocation.status in SETTLED or _is_over(found):
                return found
            if said != found.invocation.status:
                said = found.invocation.status
                self.say(f"The call is {said}.")
            try:
                time.sleep(following.POLL_SECONDS)
            except KeyboardInterrupt:
                return found


def _is_over(approval: Approval) -> bool:
    return approval.invocation.session.is_ended
