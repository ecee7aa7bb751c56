"""The life of a plan: previewed, saved, cloned, renamed, compared, deleted."""

from __future__ import annotations

import hashlib
import io
import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl
from django.db import transaction
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.forecasting.models import ForecastIssue
from forecastlab.jobs.services import jobs
from forecastlab.lib import artefacts, deleting, holding, texts
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.errors import BadInput, Conflict, NotFound
from forecastlab.lib.moves import after, sources
from forecastlab.planning.domain import assumptions as rules
from forecastlab.planning.domain import statuses
from forecastlab.planning.models import Plan
from forecastlab.planning.services import computing
from forecastlab.planning.services.computing import Computed, Report
from forecastlab.warehouse.services import versions

KIND = "plan"
# Up to so many values of sales a plan is computed at once; a larger one is work for a job.
MOST_AT_ONCE = 1_500_000
LONGEST_NAME, LONGEST_NOTES, LONGEST_TAG, MOST_TAGS = 200, 10_000, 100, 20
FEWEST_COMPARED, MOST_COMPARED = 2, 5
RANKED_BY = ("revenue", "units", "margin")


class NoSuchPlan(NotFound):
    """There is no such plan."""

    code = "no_such_plan"


class NotReady(Conflict):
    """The plan is not computed yet."""

    code = "plan_not_ready"


class TooLarge(BadInput):
    """The plan is too large for a preview."""

    code = "too_large_for_preview"


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to keep: a name, assumptions, and what is told beside them."""

    name: str
    assumptions: Sequence[Mapping[str, Any]]
    notes: str = ""
    tags: Sequence[str] = field(default=())
    cloned_from: Plan | None = None
    key: str | None = None


def find(number: str | int, *, viewer: User) -> Plan:
    """Return a plan that this person may see, by its number or its scenario id."""
    visible = Plan.objects.visible_to(viewer).select_related(
        "job", "version__dataset", "issue", "created_by", "cloned_from"
    )
    key = texts.number(str(number))
    by = {"scenario_id": str(number)} if key is None else {"pk": key}
    plan: Plan | None = visible.filter(**by).first()
    if plan is None:
        raise NoSuchPlan(_("There is no plan '%(n)s', or not for you.") % {"n": number})
    return plan


def is_small(issue: ForecastIssue) -> bool:
    """Say whether plans over an issue are computed at once."""
    return bool(issue.version.series_count * issue.version.periods <= MOST_AT_ONCE)


def preview(
    issue: ForecastIssue, given: Sequence[Mapping[str, Any]], report: Report = computing.unheard
) -> Computed:
    """Return what would come of assumptions; writes nothing.

    Raises BadInput naming what is wrong, TooLarge where it would take too long to wait for.
    """
    rules.read(given, computing.labels_of(issue))
    if not is_small(issue):
        raise TooLarge(
            _("There are too many sales to work this out while you wait."),
            hint=_("Save the plan: it is computed as a job."),
        )
    return computing.compute(issue, given, report)


def save(
    issue: ForecastIssue,
    draft: Draft,
    *,
    by: User,
    at: datetime,
    report: Report = computing.unheard,
) -> Plan:
    """Keep a plan with all that came of it; a large one is computed by a job.

    With the key of a plan that there is, it is that one. Raises BadInput naming what is wrong.
    """
    made: Plan | None = Plan.objects.filter(key=draft.key).first() if draft.key else None
    if made is not None:
        return made
    plan = drafted(issue, draft, by_id=by.pk, at=at)
    computed = computing.compute(issue, draft.assumptions, report) if is_small(issue) else None
    digest = stored(computed.table) if computed else ""
    with transaction.atomic():
        versions.keep(issue.version.dataset, issue.version)
        if computed:
            fill(plan, computed, digest, at=at)
        plan.save(force_insert=True)
        if computed is None:
            _carry(plan, by=by, at=at)
        log.append([NewEvent(plan.stream, "plan.saved", _event(plan))], actor_id=by.pk, at=at)
    return plan


def fill(plan: Plan, computed: Computed, digest: str, *, at: datetime) -> None:
    """Put what came of a plan into its row; the caller saves it."""
    plan.result, plan.table = computed.result, digest
    plan.result_hash = hash_of(computed.result)
    plan.status = after(statuses.PLAN, plan.status, "complete")
    plan.problem, plan.computed_at = "", at
    for name in RANKED_BY:
        told = computed.result[name]
        setattr(plan, name, told["delta"] if told else None)


def hash_of(result: Mapping[str, Any]) -> str:
    """Return a digest of the numbers of a snapshot, whichever forecast rows they lie over."""
    told = {name: one for name, one in result.items() if name != "issue"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def clone(plan: Plan, name: str, *, by: User, at: datetime) -> Plan:
    """Compute the same assumptions again, over the newest forecast of the dataset, by steps."""
    issue = newest_issue(plan) or plan.issue
    given = rules.again(plan.assumptions)
    draft = Draft(name or plan.name, given, plan.notes, plan.tags, cloned_from=plan)
    return save(issue, draft, by=by, at=at)


def newest_issue(plan: Plan) -> ForecastIssue | None:
    """Return the newest forecast of a plan's dataset."""
    issues = ForecastIssue.objects.serving().newest().select_related("version__dataset", "backtest")
    return issues.filter(version__dataset=plan.version.dataset_id).first()


def change(plan: Plan, draft: Mapping[str, Any], *, by: User, at: datetime) -> Plan:
    """Change name, notes and tags, those that are given; what came of the plan stays."""
    with transaction.atomic():
        plan = _locked(plan)
        if "name" in draft:
            plan.name = _name(draft["name"])
        if "notes" in draft:
            plan.notes = _notes(draft["notes"])
        if "tags" in draft:
            plan.tags = _tags(draft["tags"])
        plan.save(update_fields=["name", "notes", "tags"])
        log.append([NewEvent(plan.stream, "plan.changed", _event(plan))], actor_id=by.pk, at=at)
    return plan


def delete(plan: Plan, *, by: User, at: datetime) -> None:
    """Delete a plan; its files are swept when nothing else needs them.

    Its job is locked before the plan, as whoever works on it does.
    """
    with transaction.atomic():
        if plan.job is not None and plan.status in sources(statuses.PLAN, "fail"):
            jobs.cancel(plan.job, by=by, at=at)
        plan = _locked(plan)
        stream, told = plan.stream, _event(plan)
        plan.delete()
        log.append([NewEvent(stream, "plan.deleted", told)], actor_id=by.pk, at=at)


def discard(numbers: Sequence[int]) -> Counter[str]:
    """Delete plans that runs made and that nothing holds; return how many rows went, by table.

    Belongs in a transaction of somebody who has deleted the runs.
    """
    made = Plan.objects.of_runs().filter(pk__in=numbers).values_list("pk", flat=True)
    free = [pk for pk in made if not holding.holders(KIND, pk)]
    return deleting.delete(Plan.objects.filter(pk__in=free))


def retry(plan: Plan, *, by: User, at: datetime) -> Plan:
    """Compute a plan again that failed; raises Conflict for another."""
    with transaction.atomic():
        plan = _locked(plan)
        if plan.status not in sources(statuses.PLAN, "retry"):
            raise Conflict(_("The plan is %(status)s.") % {"status": plan.status})
        plan.status, plan.problem = after(statuses.PLAN, plan.status, "retry"), ""
        plan.save(update_fields=["status", "problem"])
        _carry(plan, by=by, at=at)
        log.append([NewEvent(plan.stream, "plan.changed", _event(plan))], actor_id=by.pk, at=at)
    return plan


def ranked(plans: Sequence[Plan], by: str = "revenue") -> list[tuple[int, Plan]]:
    """Return plans with their ranks, best first; equals share a rank. Raises BadInput or NotReady.

    A plan of which the measure is unknown comes last.
    """
    if by not in RANKED_BY:
        raise BadInput(
            _("Plans are not ranked by '%(by)s'.") % {"by": by},
            hint=_("There are: %(there)s.") % {"there": ", ".join(RANKED_BY)},
            field="by",
        )
    if not FEWEST_COMPARED <= len({one.pk for one in plans}) == len(plans) <= MOST_COMPARED:
        raise BadInput(
            _("Name %(least)s to %(most)s different plans.")
            % {"least": FEWEST_COMPARED, "most": MOST_COMPARED},
            field="plan",
        )
    for one in plans:
        if one.status != Plan.Status.READY:
            raise NotReady(_("Plan %(n)s is %(status)s.") % {"n": one.pk, "status": one.status})
    values = [getattr(one, by) for one in plans]
    known = [value for value in values if value is not None]
    found = [
        (1 + sum(other > value for other in known) if value is not None else len(known) + 1, one)
        for value, one in zip(values, plans, strict=True)
    ]
    return sorted(found, key=lambda one: (one[0], one[1].pk))


def figures(plan: Plan) -> pl.DataFrame:
    """Return what came of a plan by series and step; raises NotReady."""
    if not plan.table:
        raise NotReady(_("Plan %(n)s is %(status)s.") % {"n": plan.pk, "status": plan.status})
    return pl.read_parquet(artefacts.path(plan.table))


def stored(table: pl.DataFrame) -> str:
    buffer = io.BytesIO()
    table.write_parquet(buffer, compression="zstd")
    return artefacts.put(buffer.getvalue())


def drafted(issue: ForecastIssue, draft: Draft, *, by_id: int | None, at: datetime) -> Plan:
    assumed = rules.read(draft.assumptions, computing.labels_of(issue))
    return Plan(
        scenario_id=secrets.token_hex(16),
        key=draft.key,
        version=issue.version,
        issue=issue,
        name=_name(draft.name),
        notes=_notes(draft.notes),
        tags=_tags(draft.tags),
        cloned_from=draft.cloned_from,
        assumptions=[one.as_json() for one in assumed],
        created_by_id=by_id,
        created_at=at,
    )


def _carry(plan: Plan, *, by: User, at: datetime) -> None:
    version = plan.version
    params = {"plan": plan.pk, "dataset": version.dataset.name, "version": version.pk}
    plan.job = jobs.create(KIND, params=params, by=by, at=at)
    plan.save(update_fields=["job"])


def _locked(plan: Plan) -> Plan:
    found = Plan.objects.select_for_update(of=("self",)).select_related("job", "version__dataset")
    again: Plan | None = found.filter(pk=plan.pk).first()
    if again is None:
        raise NoSuchPlan
    return again


def _event(plan: Plan) -> dict[str, Any]:
    return {"plan": plan.pk, "name": plan.name, "status": plan.status}


def _name(given: Any) -> str:
    name = str(given or "").strip()
    if not name or len(name) > LONGEST_NAME:
        raise BadInput(
            _("A plan has a name of at most %(most)s characters.") % {"most": LONGEST_NAME},
            field="name",
        )
    return name


def _notes(given: Any) -> str:
    notes = str(given or "").strip()
    if len(notes) > LONGEST_NOTES:
        raise BadInput(
            _("Notes have at most %(most)s characters.") % {"most": LONGEST_NOTES}, field="notes"
        )
    return notes


def _tags(given: Sequence[str]) -> list[str]:
    tags = list(dict.fromkeys(one.strip() for one in given if one.strip()))
    if len(tags) > MOST_TAGS or any(len(one) > LONGEST_TAG for one in tags):
        raise BadInput(
            _("A plan has at most %(most)s tags of at most %(long)s characters.")
            % {"most": MOST_TAGS, "long": LONGEST_TAG},
            field="tags",
        )
    return tags
