"""The rows that a bundle becomes: a run that is over, with its story, under numbers of our own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import NoReverseMatch

from forecastlab.accounts.models import User
from forecastlab.events.models import Event
from forecastlab.events.services import log
from forecastlab.lib.contributions import NewEvent
from forecastlab.warehouse.models import DatasetVersion
from showcase.domain import bundles
from showcase.domain import workspaces as rules
from showcase.domain.bundle_members import BundleRefused
from showcase.domain.bundle_stories import Json, Story, away, unlinked
from showcase.models import Run, RunObject, StepRun, Workspace
from showcase.queries import new_run, run_page
from showcase.queries.workspace_page import WorkspacePage
from showcase.services import importing, mirroring, workspaces

PARTS = ("kpis", "facts", "made", "story", "timeline")
SLOTS_SHOWN = ("facts", "phases", "jobs", "approvals", "knowledge")
# What goes wrong when pages are drawn from values that are not what they seem.
ODD = (ArithmeticError, AttributeError, LookupError, NoReverseMatch, TypeError, ValueError)
VERSION = "version"


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who imports what, under which name."""

    story: Story
    name: str
    bundle: str
    job_id: int
    by: User
    at: datetime


def create(
    arrival: Arrival,
    events: Iterable[Json],
    *,
    version: DatasetVersion | None,
    made: DatasetVersion | None,
) -> Workspace:
    """Make all rows, inside the caller's transaction.

    `version` holds the same sales here, `made` is it if it came with the bundle. Raises
    BundleRefused where pages cannot show the story, WorkspaceNameTaken.
    """
    here = _here(arrival.story, version)
    run = _run(arrival, version)
    steps = [_step(run, row, here) for row in arrival.story.steps]
    StepRun.objects.bulk_create(steps)
    RunObject.objects.bulk_create(_objects(run, arrival.story, here), ignore_conflicts=True)
    kept = _workspace(arrival, run, made)
    _replay(run, events, here)
    _check_pages(kept, by=arrival.by, at=arrival.at)
    told = {"name": kept.name, "workspace": arrival.story.name}
    news = [
        NewEvent(run.stream, "run.imported", told),
        NewEvent(Run.LIST_STREAM, "run.imported"),
        NewEvent(kept.stream, "workspace.imported", {**told, "run": run.pk}),
    ]
    log.append(news, actor_id=arrival.by.pk, at=arrival.at)
    return kept


def objects(kept: Workspace) -> dict[str, Any]:
    """Return what an import has made, and what of the sales is here."""
    run = kept.run
    return {
        "run": run.pk,
        "steps": run.steps.count(),
        "events": Event.objects.filter(stream=run.stream).count(),
        "dataset": run.version.ref if run.version else None,
        "dataset_imported": (kept.origin or {}).get(VERSION) is not None,
    }


def _here(story: Story, version: DatasetVersion | None) -> Mapping[str, Mapping[int, int]]:
    """Return which numbers of the bundle are objects of ours, by the key that names them."""
    named = (step["data"].get(VERSION) for step in story.steps)
    theirs = next((one for one in named if type(one) is int), None)
    if version is None or theirs is None:
        return {}
    return {VERSION: {theirs: version.pk}}


def _run(arrival: Arrival, version: DatasetVersion | None) -> Run:
    told = arrival.story.run
    config = {key: one for key, one in arrival.story.config.items() if key != "run"}
    same = (
        "name",
        "scenario",
        "config_hash",
        "content_hash",
        "status",
        "created_at",
        "started_at",
        "finished_at",
        "seconds",
        "winner",
        "winner_wape",
        "warnings",
        "failed_step",
        "frame",
        "frame_hash",
    )
    return Run.objects.create(
        dataset=version.dataset if version else None,
        version=version,
        config={**config, VERSION: version.pk if version else None},
        requested_by=arrival.by,
        result=unlinked(told["result"], here={}),
        **{name: told[name] for name in same},
    )


def _step(run: Run, row: Json, here: Mapping[str, Mapping[int, int]]) -> StepRun:
    """Return a row of the pipeline; nobody takes its result over, so its key is left out."""
    return StepRun(run=run, **{**row, "data": unlinked(row["data"], here=here)})


def _objects(run: Run, story: Story, here: Mapping[str, Mapping[int, int]]) -> Iterator[RunObject]:
    """Yield what the run made: ours by their number, the others as what is elsewhere."""
    known = here.get(VERSION, {})
    for row in story.steps:
        for kind, ref in mirroring.made(row["data"]):
            ours = known.get(int(ref)) if kind == "dataset_version" and ref.isdigit() else None
            yield RunObject(run=run, kind=kind, ref=str(ours) if ours else away(ref[:80]))


def _workspace(arrival: Arrival, run: Run, made: DatasetVersion | None) -> Workspace:
    story = arrival.story
    told, lineage, slots = story.workspace, story.lineage, dict(story.slots)
    key = told["key"] if _is_free(told["key"]) else workspaces.new_key()
    if slots["job_ids"] is not None:
        slots["job_ids"] = [away(one) for one in slots["job_ids"]]
    origin = {
        "installation": story.key_id,
        "workspace": story.name,
        "bundle": arrival.bundle,
        "imported_at": arrival.at.isoformat(timespec="seconds"),
        "run": story.run["id"],
        "job": arrival.job_id,
        VERSION: made.pk if made else None,
    }
    said = rules.changes({"notes": told["notes"], "tags": told["tags"]})
    try:
        with transaction.atomic():
            return Workspace.objects.create(
                run=run,
                key=key,
                name=arrival.name,
                config_schema_version=told["config_schema_version"],
                created_by=arrival.by,
                created_at=arrival.at,
                updated_at=arrival.at,
                replayed_from=lineage["replayed_from"],
                replay_mode=lineage["replay_mode"],
                family=lineage["family"] if lineage["ancestors"] else key,
                ancestors=lineage["ancestors"],
                reproduction=told["reproduction"],
                origin=origin,
                **said,
                **slots,
            )
    except IntegrityError as error:
        raise importing.taken(arrival.name) from error


def _is_free(key: str) -> bool:
    return not Workspace.objects.filter(key=key).exists()


def _replay(run: Run, events: Iterable[Json], here: Mapping[str, Mapping[int, int]]) -> None:
    """Append what happened there, when it did; people of another house are names only."""
    for one in events:
        payload = unlinked(one["payload"], here=here)
        if one["actor"]:
            payload = {**payload, "actor": one["actor"]}
        log.append([NewEvent(run.stream, one["kind"], payload)], actor_id=None, at=one["at"])


def _check_pages(kept: Workspace, *, by: User, at: datetime) -> None:
    """Draw the pages once: what cannot be shown is not imported."""
    page = run_page.of(kept.run_id, now=at)
    with _shown(bundles.STEPS, "the run"):
        for part in PARTS:
            render_to_string(f"showcase/_run_{part}.html", {"page": page})
    for name in dict.fromkeys(one.phase for one in page.steps):
        with _shown(bundles.STEPS, f"phase '{name}'"):
            panel = next(one for one in page.panels if one.name == name)
            render_to_string("showcase/_run_phase.html", {"panel": panel})
    around = WorkspacePage(kept, viewer=by, now=at)
    for part in SLOTS_SHOWN:
        with _shown(bundles.MANIFEST, f"the story's {part}"):
            list(getattr(around, part))
    with _shown(bundles.CONFIG, "what a replay asks"):
        new_run.recorded(page.run)


@contextmanager
def _shown(file: str, what: str) -> Iterator[None]:
    try:
        yield
    except ODD as error:
        message = f"{file} tells of {what} what cannot be shown: {type(error).__name__}, {error}."
        raise BundleRefused("story_unusable", message, entry=file) from error
