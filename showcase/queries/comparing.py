"""Runs read for a comparison, however many with the same number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from django.db.models import Q

from forecastlab.accounts.models import User
from forecastlab.forecasting.models import Backtest
from forecastlab.forecasting.queries import champion_moves
from forecastlab.lib import texts
from forecastlab.lib.errors import NotFound
from showcase.domain import comparison
from showcase.domain.comparison import Apart, Finding, Judged, Line, Measured, Moves, Side
from showcase.models import Run, StepRun, Workspace

# How a run that is not kept is named.
BY_NUMBER = "run:"
# Champions are compared series by series up to so many in all.
MOST_CHAMPIONS = 500_000
JUDGED_IN = "backtest"
FOLD = " / "  # between the first and the last period of one
SAID = ("metric", "winner", "per_model", "folds", "series_judged", "backtest")


class NoSuchWorkspace(NotFound):
    """One of the workspaces that are to be compared is not there, or not for the reader."""

    code = "no_such_workspace"


class Untold(StrEnum):
    """Why it is not known which champions a run gained and lost."""

    NOT_JUDGED = "not_judged"
    GONE = "gone"
    OTHER_DATASET = "other_dataset"
    TOO_MANY = "too_many"


@dataclass(frozen=True)
class Compared:
    """Runs in the order in which they were named; `sides` and `runs` have the same places.

    `untold` says by place why champions are not known. Differences are to the first run.
    """

    runs: Sequence[Run]
    sides: Sequence[Side]
    gained: Sequence[Moves]
    lost: Sequence[Moves]
    untold: Mapping[int, Untold]

    @cached_property
    def names(self) -> list[str]:
        return [one.name for one in self.sides]

    @cached_property
    def finding(self) -> Finding:
        return comparison.finding(self.sides)

    @cached_property
    def apart(self) -> list[Apart | None]:
        return comparison.reasons(self.sides)

    @cached_property
    def config(self) -> list[Line]:
        return comparison.lines([one.config for one in self.sides])

    @cached_property
    def data(self) -> list[Line]:
        return comparison.lines([one.data for one in self.sides])

    @cached_property
    def durations(self) -> list[Line]:
        return comparison.lines([one.durations for one in self.sides])

    @cached_property
    def story(self) -> list[Line]:
        return comparison.lines([one.story for one in self.sides])

    @cached_property
    def metrics(self) -> list[Measured]:
        return comparison.metrics(self.sides)


def of(names: Iterable[str], *, viewer: User) -> Compared:
    """Compare workspaces by name and other runs as `run:NUMBER`; raises BadInput.

    Raises NoSuchWorkspace without saying which, so that nobody learns of what is not for him.
    """
    chosen = _chosen(comparison.chosen(names), viewer)
    runs = list(chosen.values())
    told = _told(runs)
    judged = _judgements(runs)
    known = {workspace.key: workspace.name for run in runs if (workspace := _kept(run))}
    sides = [
        _side(name, run, told.get(run.pk, []), judged.get(run.pk, {}), known)
        for name, run in chosen.items()
    ]
    moved, untold = _moved(runs, judged, viewer)
    gained, lost = comparison.gained_and_lost(moved)
    return Compared(runs, sides, gained, lost, untold)


def _chosen(asked: Sequence[str], viewer: User) -> dict[str, Run]:
    """Return the runs by what they are called now, in order; keys and earlier names will do.

    Raises BadInput where two of them are one.
    """
    found = _named(asked, viewer)
    if missing := [one for one in asked if one not in found]:
        rows = Workspace.objects.visible_to(viewer).order_by("updated_at", "pk")
        called: dict[str, str] = {}
        for one in rows.filter(Q(key__in=missing) | Q(former_names__overlap=missing)):
            called |= dict.fromkeys([*one.former_names, one.key], one.name)
        asked = [called.get(one, one) if one in missing else one for one in asked]
        found = _named(asked, viewer)
    if set(asked) - found.keys():
        raise NoSuchWorkspace(
            "Not all of these workspaces are there, or not for you.",
            hint="Look at the list of workspaces for those that are.",
            field="of",
        )
    return {one: found[one] for one in comparison.chosen(asked)}


def _named(asked: Sequence[str], viewer: User) -> dict[str, Run]:
    numbers = {one: texts.number(one.removeprefix(BY_NUMBER)) for one in asked if _is_number(one)}
    wanted = Q(workspace__name__in=[one for one in asked if one not in numbers])
    wanted |= Q(pk__in=[one for one in numbers.values() if one is not None])
    rows = Run.objects.visible_to(viewer).filter(wanted).defer("frame")
    found: dict[str | int, Run] = {}
    for run in rows.select_related("version__dataset", "requested_by", "workspace"):
        found |= {run.pk: run, run.kept_as: run}
    runs = {one: found.get(numbers.get(one) or 0 if one in numbers else one) for one in asked}
    return {one: run for one, run in runs.items() if run is not None}


def _is_number(name: str) -> bool:
    return name.startswith(BY_NUMBER)


def _kept(run: Run) -> Workspace | None:
    return getattr(run, "workspace", None)


def _told(runs: Iterable[Run]) -> dict[int, list[Mapping[str, Any]]]:
    """Return how the steps of each run ended, in order, without what they found."""
    fields = ("run_id", "name", "phase", "status", "outcome", "seconds")
    found: dict[int, list[Mapping[str, Any]]] = {}
    for step in StepRun.objects.filter(run__in=list(runs)).in_order().values(*fields):
        found.setdefault(step["run_id"], []).append(step)
    return found


def _judgements(runs: Iterable[Run]) -> dict[int, dict[str, Any]]:
    """Return what the judging step of each run said, where there was one that did."""
    rows = StepRun.objects.filter(run__in=list(runs), name=JUDGED_IN, status=StepRun.Status.DONE)
    found = rows.values_list("run_id", *(f"data__{name}" for name in SAID))
    told = {run: dict(zip(SAID, said, strict=True)) for run, *said in found}
    return {
        run: said
        for run, said in told.items()
        if isinstance(said["per_model"], dict) and said["per_model"] and said["winner"]
    }


# -- one run ----------------------------------------------------------------------------------


def _side(
    name: str,
    run: Run,
    steps: Sequence[Mapping[str, Any]],
    said: Mapping[str, Any],
    known: Mapping[str, str],
) -> Side:
    judged = _judged(said) if said else None
    return Side(
        name=name,
        content_hash=run.content_hash,
        config={**comparison.flat(run.config), "config_hash": run.config_hash},
        data=_data(run, judged),
        durations=_durations(run, steps),
        story=_story(run, steps, known),
        judged=judged,
    )


def _judged(said: Mapping[str, Any]) -> Judged:
    """Return what a step said, as far as it has the shape that steps have here."""
    models, folds = said["per_model"], said["folds"]
    told = [one for one in folds if isinstance(one, dict)] if isinstance(folds, list) else []
    return Judged(
        metric=str(said["metric"]),
        winner=str(said["winner"]),
        models={name: one for name, one in models.items() if isinstance(one, dict)},
        windows=[
            (str(one.get("cutoff")), str(one.get("start")), str(one.get("end"))) for one in told
        ],
        series=said["series_judged"] if isinstance(said["series_judged"], int) else 0,
    )


def _data(run: Run, judged: Judged | None) -> dict[str, Any]:
    version = run.version
    told: dict[str, Any] = {"dataset": version.ref if version else run.config["dataset"]}
    told["content_hash"] = run.content_hash or None
    if version is not None:
        told |= {"frequency": version.frequency, "first": version.first, "last": version.last}
        told |= {"rows": version.rows, "series": version.series_count}
    if judged is not None:
        told["folds"] = [f"{start}{FOLD}{end}" for _cutoff, start, end in judged.windows]
        told["series_judged"] = judged.series
    return told


def _durations(run: Run, steps: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return seconds: of the whole run, and of the steps of each phase."""
    phases: dict[str, float] = {}
    for step in steps:
        if step["seconds"] is not None:
            phases[step["phase"]] = phases.get(step["phase"], 0.0) + step["seconds"]
    return {"total": run.seconds, **{name: round(one, 3) for name, one in phases.items()}}


def _story(
    run: Run, steps: Iterable[Mapping[str, Any]], known: Mapping[str, str]
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "status": run.status,
        "started_by": run.requested_by.get_username() if run.requested_by else None,
        "warnings": run.warnings,
        "failed_step": run.failed_step,
        **_curated(_kept(run), known),
    }
    return told | {f"step.{one['name']}": one["outcome"] or one["status"] for one in steps}


def _curated(workspace: Workspace | None, known: Mapping[str, str]) -> dict[str, Any]:
    """Return what only a kept run has; its source by name, where that is compared as well."""
    if workspace is None:
        return {}
    reproduction = workspace.reproduction or {}
    return {
        "replay_mode": workspace.replay_mode or None,
        "replayed_from": known.get(workspace.replayed_from),
        "reproduced": reproduction.get("reproduced"),
        "imported": workspace.origin is not None,
        "seed_overrides": workspace.seed_overrides,
        "user_scope": workspace.user_scope,
        "approvals": _count(workspace.approval_events),
        "knowledge": _count(workspace.knowledge_events),
    }


def _count(events: Sequence[Any] | None) -> int | None:
    return None if events is None else len(events)


# -- champions --------------------------------------------------------------------------------


def _moved(
    runs: Sequence[Run], judged: Mapping[int, Mapping[str, Any]], viewer: User
) -> tuple[list[tuple[int, str, str, int]], dict[int, Untold]]:
    """Return series that another model serves than in the first run, by the place of the run."""
    named = [judged.get(run.pk, {}).get("backtest") for run in runs]
    wanted = Backtest.objects.visible_to(viewer).filter(pk__in=[one for one in named if one])
    rows = wanted.values_list("pk", "version__content_hash", "judged")
    kept = {pk: (content_hash, count) for pk, content_hash, count in rows}
    untold = {
        place: why if run.pk in judged else Untold.NOT_JUDGED
        for place, run in enumerate(runs)
        if (why := _why_untold(run, named[place], kept, runs[0])) is not None
    }
    if 0 in untold:
        return [], {place: untold.get(place, untold[0]) for place in range(1, len(runs))}
    others = {one for place, one in enumerate(named) if one and place not in untold}
    others.discard(named[0])
    if sum(kept[one][1] for one in others) > MOST_CHAMPIONS:
        left = [place for place, one in enumerate(named) if one in others]
        return [], untold | dict.fromkeys(left, Untold.TOO_MANY)
    moves = champion_moves.since(named[0] or 0, sorted(others))
    found = [
        (place, one.before, one.after, one.series)
        for place, backtest in enumerate(named)
        for one in moves
        if one.backtest == backtest and place not in untold
    ]
    return found, untold


def _why_untold(
    run: Run, backtest: int | None, kept: Mapping[int, tuple[str, int]], first: Run
) -> Untold | None:
    """Say why a run's champions are not known; None where they are.

    A backtest of another content is not that of the run: its number came from elsewhere.
    """
    if backtest is None or kept.get(backtest, ("", 0))[0] != run.content_hash:
        return Untold.GONE
    return None if run.dataset_id == first.dataset_id else Untold.OTHER_DATASET


# -- for commands and the API -----------------------------------------------------------------


def as_json(found: Compared, *, everything: bool = False) -> dict[str, Any]:
    """Return a comparison for programs: what differs, or with `everything` all there is.

    Values are by the name of the workspace; a run that is not kept is `run:NUMBER`.
    """
    parts = {"config": found.config, "data": found.data, "durations": found.durations}
    parts["story"] = found.story
    return {
        "workspaces": [_short(found, place) for place in range(len(found.runs))],
        "metric": found.finding.metric,
        "leaders": [found.names[place] for place in found.finding.leaders],
        **{
            name: [_line(found, one) for one in lines if everything or one.differs]
            for name, lines in parts.items()
        },
        "metrics": [
            _measured(found, one)
            for one in found.metrics
            if everything or not one.model or len(set(one.values)) > 1
        ],
        "champions": {
            "gained": [_moves(found, one) for one in found.gained],
            "lost": [_moves(found, one) for one in found.lost],
            "unknown": [
                {"workspace": found.names[place], "reason": why.value}
                for place, why in found.untold.items()
            ],
        },
    }


def _short(found: Compared, place: int) -> dict[str, Any]:
    run, side, reason = found.runs[place], found.sides[place], found.apart[place]
    return {
        "workspace": run.kept_as or None,
        "name": side.name,
        "run": run.pk,
        "status": run.status,
        "winner": side.judged.winner if side.judged else None,
        "comparable": reason is None,
        "reason": reason.value if reason else None,
    }


def _line(found: Compared, line: Line) -> dict[str, Any]:
    values = dict(zip(found.names, line.values, strict=True))
    return {"what": line.what, "differs": line.differs, "values": values}


def _measured(found: Compared, one: Measured) -> dict[str, Any]:
    return {
        "model": one.model or None,
        "metric": one.metric,
        "values": dict(zip(found.names, one.values, strict=True)),
        "differences": dict(zip(found.names[1:], one.differences[1:], strict=True)),
    }


def _moves(found: Compared, one: Moves) -> dict[str, Any]:
    return {"workspace": found.names[one.side], "model": one.model, "series": one.series}
