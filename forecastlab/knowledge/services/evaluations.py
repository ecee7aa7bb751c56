"""Measuring how well questions find the documents that answer them, as a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.jobs.models import Job
from forecastlab.jobs.services import jobs, outcomes
from forecastlab.knowledge import domain
from forecastlab.knowledge.domain import evaluation
from forecastlab.knowledge.domain.evaluation import Question, Score, SetUnusable
from forecastlab.knowledge.models import Document
from forecastlab.knowledge.queries import retrieval
from forecastlab.lib import texts
from forecastlab.lib.contributions import Done, StepContext
from forecastlab.lib.errors import BadInput

KIND = "retrieval_evaluation"
MOST_QUESTIONS, MOST_BYTES = 1_000, 1_000_000
EVERY = 10  # questions between reports
MISSED_TOLD = 50
# What comes with the program: questions that words were chosen by, and questions that nothing was.
SEEN, UNSEEN = "questions_seen.json", "questions_unseen.json"


class SetRefused(BadInput):
    """The set of questions cannot be used."""

    code = "set_refused"


def read(file: Path | None) -> list[Question]:
    """Read a set of questions, without a file those that come with the program.

    Raises SetRefused.
    """
    if file is not None:
        return _of_file(file)
    ours = Path(str(domain.__file__))
    unseen = [replace(one, unseen=True) for one in _of_file(ours.with_name(UNSEEN))]
    return [*_of_file(ours.with_name(SEEN)), *unseen]


def _of_file(path: Path) -> list[Question]:
    hint = _('A set is a JSON list of {"question": "...", "document": "docs/how-to/start.md"}.')
    try:
        content = path.read_text(encoding="utf-8")
        if len(content) > MOST_BYTES:
            raise SetRefused(_("The set is longer than 1 MB."), field="set")
        found = evaluation.read(content)
    except OSError as error:
        said = {"file": str(path), "why": error.strerror}
        raise SetRefused(_("%(file)s cannot be read: %(why)s.") % said, field="set") from None
    except (SetUnusable, UnicodeDecodeError) as error:
        said = {"file": str(path), "why": str(error)}
        raise SetRefused(_("%(file)s is no set: %(why)s.") % said, field="set", hint=hint) from None
    if len(found) > MOST_QUESTIONS:
        raise SetRefused(_("A set has at most 1,000 questions."), field="set")
    return found


def start(questions: Sequence[Question], *, by: User, at: datetime) -> Job:
    """Start a job that asks all of them as `by`."""
    asked = [
        {
            "question": one.question,
            "document": one.document,
            "also": list(one.also),
            "unseen": one.unseen,
        }
        for one in questions
    ]
    texts.check(asked)
    return jobs.create(KIND, params={"questions": asked}, by=by, at=at)


def ask(context: StepContext) -> Done:
    """Ask every question and count where the documents stand that answer it."""
    viewer = User.objects.get(pk=context.actor_id or 0)
    score, unseen, retriever = Score(), Score(), ""
    asked = [_question(one) for one in context.params["questions"]]
    for place, one in enumerate(asked):
        if place % EVERY == 0:
            context.report(place / len(asked), _("Question %s") % (place + 1))
        found = retrieval.retrieve(one.question, viewer, limit=evaluation.DEPTH)
        retriever = found.retriever
        paths = [passage.chunk.document.path for passage in found.passages]
        for counted in (score, unseen) if one.unseen else (score,):
            counted.count(one, paths)
    searched = Document.objects.visible_to(viewer).filter(indexed_at__isnull=False).count()
    data = {**score.told(), "retriever": retriever, "documents": searched}
    data["missed"] = data["missed"][:MISSED_TOLD]
    if unseen.questions:
        told = unseen.told()
        data["unseen"] = {name: told[name] for name in ("questions", "hit_at_3", "mrr")}
    said = _(
        "%(questions)s questions about %(documents)s documents: hit@3 %(hit_at_3)s, "
        "MRR %(mrr)s, by %(retriever)s"
    )
    return Done(said % data, data)


def _question(told: dict[str, Any]) -> Question:
    also = tuple(told["also"])
    return Question(told["question"], told["document"], also=also, unseen=told["unseen"])


def result(job: Job) -> dict[str, Any]:
    """Return what an evaluation came to; of a job under way how it stands. Raises NotDone."""
    if not outcomes.is_done(job):
        return {"job": job.pk, "status": job.status}
    return {"job": job.pk, **job.steps.get(name="ask").data}
