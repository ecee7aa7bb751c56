from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from forecastlab.jobs.models import Job
from forecastlab.jobs.services import following
from forecastlab.jobs.services.commands import JobCommand
from forecastlab.knowledge.services import corpus, evaluations


class Command(JobCommand):
    help = "Ask a set of questions and tell how often the document that answers is found."
    verb = "knowledge.index"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--set", type=Path, metavar="FILE", help="questions of your own, as JSON; else ours"
        )

    def start(self, options: dict[str, Any]) -> Job:
        questions = evaluations.read(options["set"])
        corpus.sync_own(by=self.actor, at=timezone.now())
        if not options["no_wait"]:
            for job_id in corpus.at_work():
                following.follow(job_id, self.say)
        return evaluations.start(questions, by=self.actor, at=timezone.now())

    def outcome(self, job: Job, options: dict[str, Any]) -> Mapping[str, Any]:
        return evaluations.result(job)

    def describe(self, result: Mapping[str, Any]) -> str:
        if "mrr" not in result:
            return super().describe(result)
        told = _("%(questions)s questions: hit@3 %(hit_at_3)s, MRR %(mrr)s, by %(retriever)s.")
        lines = [told % result]
        if unseen := result.get("unseen"):
            told = _("Of them %(questions)s that nothing was chosen by: %(hit_at_3)s, MRR %(mrr)s.")
            lines.append(told % unseen)
        lines += [f"- {one['question']} ({one['expected']})" for one in result["missed"]]
        return "\n".join(lines)
