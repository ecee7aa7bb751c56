"""What a bundle says of a run and its workspace, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from forecastlab.events import queries as events
from forecastlab.events.domain.frames import EventData
from forecastlab.forecasting.models import Backtest, ForecastIssue, ModelRun
from forecastlab.forecasting.services import registry as software
from forecastlab.lib import artefacts, registry
from forecastlab.lib.contributions import LinkProbe
from forecastlab.warehouse.models import DatasetVersion
from showcase.domain import bundles
from showcase.models import StepRun, Workspace

Json = dict[str, Any]

SLOTS = (
    "seed_overrides",
    "user_scope",
    "approval_events",
    "knowledge_events",
    "job_ids",
    "phase_summaries",
)
GONE = "deleted since"


class Documents:
    """One workspace as it stands; each document is read when it is asked for.

    `seq` is the last event of the run's stream that counts, `contents` are the optional parts.
    """

    def __init__(self, workspace: Workspace, *, seq: int, contents: Sequence[str]) -> None:
        self.workspace, self.run = workspace, workspace.run
        self.seq, self.contents = seq, contents

    # -- what is read once ----------------------------------------------------------------------

    @cached_property
    def steps(self) -> Sequence[StepRun]:
        return list(self.run.steps.in_order())

    @cached_property
    def said(self) -> Mapping[str, Json]:
        return {step.name: step.data for step in self.steps}

    @cached_property
    def version(self) -> DatasetVersion | None:
        return self.run.version

    @cached_property
    def backtest(self) -> Backtest | None:
        return Backtest.objects.filter(pk=self._named("backtest", "backtest") or 0).first()

    @cached_property
    def issue(self) -> ForecastIssue | None:
        found = ForecastIssue.objects.filter(pk=self._named("register", "issue") or 0)
        return found.select_related("version__dataset").first()

    @cached_property
    def model_runs(self) -> Sequence[ModelRun]:
        """The model runs of all steps that are still there, those made to teach as well."""
        named = [one for data in self.said.values() for one in data.get("model_runs") or ()]
        return list(ModelRun.objects.filter(pk__in=named).order_by("pk"))

    @cached_property
    def states(self) -> Mapping[int, bool | None]:
        """Whether the state of each model run is whole; None where the store has lost it."""
        return {one.pk: _is_whole(one.artefact) for one in self.model_runs}

    def _named(self, step: str, key: str) -> int | None:
        number = self.said.get(step, {}).get(key)
        return number if isinstance(number, int) else None

    # -- the documents --------------------------------------------------------------------------

    def manifest(self) -> Json:
        """Return the manifest without the list of files and the key, which come last."""
        return {
            "bundle_format_version": bundles.FORMAT_VERSION,
            "workspace": self._workspace(),
            "run": self._run(),
            "software": software.software(),
            "dataset": self._dataset(),
            "lineage": self._lineage(),
            "story": {slot: getattr(self.workspace, slot) for slot in SLOTS},
            "events_seq": self.seq,
            "model_runs": [self._model_run(one) for one in self.model_runs],
            "unresolved_references": self.unresolved(),
            "contents": list(self.contents),
        }

    def step_rows(self) -> list[Json]:
        return [
            {
                "index": step.index,
                "name": step.name,
                "phase": step.phase,
                "title": step.title,
                "contributed_by": step.contributed_by,
                "status": step.status,
                "outcome": step.outcome,
                "detail": step.detail,
                "data": step.data,
                "content_key": step.content_key,
                "same_as": step.same_as_id,
                "started_at": _moment(step.started_at),
                "finished_at": _moment(step.finished_at),
                "seconds": step.seconds,
            }
            for step in self.steps
        ]

    def metrics(self) -> Json:
        """Return what was judged; `backtest` is null where the run did not come so far."""
        told = self.backtest.result if self.backtest else None
        return {"winner": self.run.result.get("winner"), "backtest": told}

    def events(self) -> Iterator[EventData]:
        """Yield the events of the run up to `seq`, oldest first."""
        last = 0
        while last < self.seq:
            found = [
                one for one in events.data_after(self.run.stream, last) if one["seq"] <= self.seq
            ]
            if not found:
                return
            yield from found
            last = found[-1]["seq"]

    @cached_property
    def models(self) -> Mapping[str, str]:
        """The states of models that belong into the bundle: their digests by path."""
        if bundles.MODELS not in self.contents:
            return {}
        return {_path(one): one.artefact for one in self.model_runs if self.states[one.pk]}

    def unresolved(self) -> list[Json]:
        """Return what the run refers to and is not there: {key, ref_id, reason}."""
        found = [*self._dead_references()]
        if self.version is None and self.run.content_hash:
            found.append(_unresolved("dataset", self.run.content_hash, GONE))
        for one in self.model_runs:
            whole = self.states[one.pk]
            if not whole:
                reason = "not in the store" if whole is None else "changed in the store"
                found.append(_unresolved("artefact", one.artefact, reason))
        return sorted(found, key=lambda one: (one["key"], one["ref_id"]))

    # -- the parts of the manifest --------------------------------------------------------------

    def _workspace(self) -> Json:
        one = self.workspace
        return {
            "key": one.key,
            "name": one.name,
            "status": self.run.status,
            "notes": one.notes,
            "tags": one.tags,
            "pinned": one.pinned,
            "archived": one.archived,
            "version": one.version,
            "config_schema_version": one.config_schema_version,
            "created_by": _name(one),
            "created_at": _moment(one.created_at),
            "updated_at": _moment(one.updated_at),
            "reproduction": one.reproduction,
            "origin": one.origin,
        }

    def _run(self) -> Json:
        run = self.run
        return {
            "id": run.pk,
            "name": run.name,
            "scenario": run.scenario,
            "status": run.status,
            "config_hash": run.config_hash,
            "content_hash": run.content_hash,
            "requested_by": run.requested_by.get_username() if run.requested_by else None,
            "created_at": _moment(run.created_at),
            "started_at": _moment(run.started_at),
            "finished_at": _moment(run.finished_at),
            "seconds": run.seconds,
            "winner": run.winner,
            "winner_wape": run.winner_wape,
            "warnings": run.warnings,
            "failed_step": run.failed_step,
            "result": run.result,
            "frame": run.frame,
            "frame_hash": run.frame_hash,
        }

    def _dataset(self) -> Json | None:
        version = self.version
        if version is None:
            return None
        signals = version.signals.order_by("position")
        return {
            "name": version.dataset.name,
            "version": version.number,
            "source": version.source,
            "content_hash": version.content_hash,
            "rows": version.rows,
            "series": version.series_count,
            "periods": version.periods,
            "held_back": version.held_back,
            "planned": version.planned,
            "first": version.first,
            "last": version.last,
            "frequency": version.frequency,
            "epoch": _moment(version.epoch),
            "month_day": version.month_day,
            "signals": [{"name": one.name, "known": one.known} for one in signals],
        }

    def _lineage(self) -> Json:
        one = self.workspace
        return {
            "replayed_from": one.replayed_from,
            "replay_mode": one.replay_mode,
            "family": one.family,
            "ancestors": self._ancestors(),
        }

    def _ancestors(self) -> list[Json]:
        """Name only those whom everybody may see that may see this one: a bundle goes anywhere."""
        told = self.workspace.ancestors
        there = Workspace.objects.filter(key__in=[one["key"] for one in told])
        others = there.exclude(run__dataset=self.run.dataset_id)
        closed = others.filter(run__dataset__readers__isnull=False).values_list("key", flat=True)
        hidden = set(closed) if told else set()
        return [{**one, "name": "" if one["key"] in hidden else one["name"]} for one in told]

    def _model_run(self, one: ModelRun) -> Json:
        return {
            "id": one.pk,
            "model": one.model,
            "serves": one.pk == self._named("register", "run_id"),
            "teaching": one.teaching,
            "config": one.config,
            "config_hash": one.config_hash,
            "software": one.software,
            "window": one.window,
            "metrics": one.metrics,
            "series": one.series_count,
            "frame_version": one.frame_version,
            "created_at": _moment(one.created_at),
            "artefact_hash": one.artefact,
            "artefact_verified": self.states[one.pk],
            "file": _path(one) if _path(one) in self.models else None,
        }

    def _dead_references(self) -> Iterator[Json]:
        """Ask once for each kind of object; a kind that nobody knows of is left out."""
        named: dict[str, list[str]] = {}
        for kind, ref in self.run.made.order_by("kind", "ref").values_list("kind", "ref"):
            named.setdefault(kind, []).append(ref)
        probes = {one.kind: one for _, one in registry.contributed("link_probes", LinkProbe)}
        for kind in named.keys() & probes.keys():
            alive = probes[kind].alive(named[kind])
            for ref in named[kind]:
                if alive.get(ref) is False:
                    yield _unresolved(kind, ref, GONE)


def _path(one: ModelRun) -> str:
    return f"{bundles.MODELS}/{one.pk}-{one.model}.npz"


def _is_whole(digest: str) -> bool | None:
    try:
        artefacts.verify(digest)
    except artefacts.ArtefactMissing:
        return None
    except artefacts.ArtefactChanged:
        return False
    return True


def _unresolved(key: str, ref: str, reason: str) -> Json:
    return {"key": key, "ref_id": ref, "reason": reason}


def _name(one: Workspace) -> str | None:
    return one.created_by.get_username() if one.created_by else None


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
