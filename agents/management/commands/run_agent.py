from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from agents.domain.skills import SKILLS
from agents.models import Session
from agents.queries import session_json
from agents.services import sessions
from forecastlab.accounts.services.commands import ActingCommand

POLL_SECONDS = 0.2
BAD = (Session.Status.FAILED, Session.Status.CANCELLED)


class Command(ActingCommand):
    help = "Start a session of an agent; with --wait until it has ended or waits for a person."
    verb = "agent.start"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("skill", help=", ".join(SKILLS))
        parser.add_argument("--message", required=True, help="what the agent is to do")
        parser.add_argument("--dataset", default="", metavar="NAME[@VERSION]")
        parser.add_argument("--workspace", default="", metavar="NAME")
        parser.add_argument(
            "--wait", action="store_true", help="until it has ended, or waits for a person"
        )

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        session = sessions.start(
            options["skill"],
            options["message"],
            by=self.actor,
            dataset=options["dataset"],
            workspace=options["workspace"],
            trigger="command",
            at=timezone.now(),
        )
        if not options["wait"]:
            return {"job": session.job_id, "session": session.pk, "ref": session.ref}
        return session_json.whole(self._followed(session))

    def _followed(self, session: Session) -> Session:
        """Wait for the session; Ctrl-C stops the waiting, not the session."""
        said = ""
        try:
            while not (session.is_ended or session.status == Session.Status.WAITING):
                if session.status != said:
                    said = session.status
                    self.say(f"{session.ref} is {said}.")
                time.sleep(POLL_SECONDS)
                session.refresh_from_db()
        except KeyboardInterrupt:
            self.say(f"{session.ref} goes on without being followed.")
        return session

    def succeeded(self, result: Mapping[str, Any]) -> bool:
        return result.get("status") not in BAD

    def describe(self, result: Mapping[str, Any]) -> str:
        if "status" not in result:
            return f"{result['ref']} has been asked for, carried by job {result['job']}."
        ends = result["outcome"] or result["status"]
        why = result["outcome_reason"] or result["status_reason"]
        calls = [f"  {one['tool']}: {one['state']}" for one in result["invocations"]]
        asked = [
            f"  Approval {one['id']} ({one['lane']}): {one['action']}"
            for one in result["open_approvals"]
        ]
        return "\n".join([f"{result['ref']}: {ends}. {why}".rstrip(), *calls, *asked])
