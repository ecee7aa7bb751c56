"""The work of the knowledge app that takes a while."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from forecastlab.knowledge.models import Document
from forecastlab.knowledge.services import documents, evaluations, indexing, vector_spaces
from forecastlab.lib.contributions import JobKind, JobStepPlan, Json


def _steps(params: Json) -> Sequence[JobStepPlan]:
    return (
        JobStepPlan("index", indexing.index, _("Read the documents"), 1, 60, 3600),
        JobStepPlan("vectors", vector_spaces.refresh, _("Fit vectors"), 1, 300, 3600),
    )


def _evaluation_steps(params: Json) -> Sequence[JobStepPlan]:
    return (
        JobStepPlan("vectors", vector_spaces.refresh, _("Fit vectors"), 1, 300, 3600),
        JobStepPlan("ask", evaluations.ask, _("Ask the questions"), 2, 60, 3600),
    )


def _questions(params: Json) -> str:
    count = len(params["questions"])
    return ngettext("%s question", "%s questions", count) % count


def _can_see(user: Any, params: Json) -> bool:
    """Say whether the person may read all of them; of deleted ones nobody can tell."""
    wanted = params["documents"]
    return Document.objects.visible_to(user).filter(pk__in=wanted).count() == len(wanted)


def _about(params: Json) -> str:
    count = len(params["documents"])
    if not count:
        return _("vectors")
    return params["about"] or ngettext("%s document", "%s documents", count) % count


index_job = JobKind(
    name=documents.KIND,
    title="Indexing",
    steps=_steps,
    cap=2,
    observe=indexing.observe,
    can_see=_can_see,
    about=_about,
)
evaluation_job = JobKind(
    name=evaluations.KIND,
    title="Evaluation of the search",
    steps=_evaluation_steps,
    cap=1,
    about=_questions,
)
