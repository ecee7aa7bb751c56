"""The life of a batch: prepared, started, stopped, tried again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.forecasting.domain import config as rules
from forecastlab.forecasting.domain import scopes, statuses
from forecastlab.forecasting.domain.config import Config
from forecastlab.forecasting.domain.models import ensemble
from forecastlab.forecasting.domain.scopes import Scope
from forecastlab.forecasting.models import Batch, BatchItem
from forecastlab.forecasting.queries import batch_scopes
from forecastlab.forecasting.queries.batch_scopes import Part
from forecastlab.forecasting.queries.batch_situations import Presets
from forecastlab.forecasting.services import configs
from forecastlab.jobs.services import jobs
from forecastlab.lib import texts
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.errors import BadInput, Conflict, NotFound
from forecastlab.lib.moves import after, sources
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import versions

KIND = "batch"
SCOPED = ("scope", *scopes.SELECTORS, "by", "models")
JUDGED = ("horizon", "folds", "step", "gap", "window", "metric", "season_length")
OPTIONS = ("preset", *SCOPED, *JUDGED)


class NoSuchBatch(NotFound):
    """There is no such batch."""

    code = "no_such_batch"


class BatchOver(Conflict):
    """The batch is over; there is nothing to stop."""

    code = "batch_over"


class NothingFailed(Conflict):
    """Nothing in the batch failed or was stopped."""

    code = "nothing_failed"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a batch would do, complete and checked."""

    version: DatasetVersion
    preset: str
    scope: Scope
    by: str
    config: Config
    parts: Sequence[Part]
    notes: Sequence[str]

    @property
    def series_count(self) -> int:
        return sum(len(part.series) for part in self.parts)

    @property
    def items(self) -> list[tuple[str, int]]:
        """Return model and place of the part of each item: a part's models stand together."""
        return [(m, place) for place in range(len(self.parts)) for m in self.config.single]

    def shown(self) -> dict[str, Any]:
        """Return the plan as a dry run prints it."""
        return {
            "dataset": self.version.ref,
            "preset": self.preset or None,
            **self.scope.as_json(),
            "by": self.by,
            "models": list(self.config.single),
            "horizon": self.config.horizon,
            "folds": self.config.folds,
            "config_hash": self.config.hash,
            "parts": [{"part": one.title, "series": len(one.series)} for one in self.parts],
            "total_items": len(self.items),
            "notes": list(self.notes),
        }


def prepare(version: DatasetVersion, options: Mapping[str, Any]) -> Prepared:
    """Resolve the options of a batch; raises BadInput naming the one that is wrong."""
    asked = {key: value for key, value in options.items() if value not in (None, "", [], ())}
    preset = str(asked.pop("preset", ""))
    if preset:
        own = next((key for key in SCOPED if key in asked), "")
        if own:
            raise BadInput(
                _("A preset brings its own '%(option)s'.") % {"option": own},
                hint=_("Leave it out, or leave the preset out."),
                field=own,
            )
        asked |= Presets(version).options(preset)
    config = _config(version, asked)
    scope, by = scopes.read(asked), scopes.check_by(asked.get("by"))
    chosen = batch_scopes.choose(version, scope)
    by, parts = batch_scopes.parts_of(chosen.series, by)
    scopes.check_size(config.single, [len(one.series) for one in parts], version.history)
    return Prepared(version, preset, scope, by, config, parts, chosen.notes)


def _config(version: DatasetVersion, asked: Mapping[str, Any]) -> Config:
    if not asked.get("models"):
        raise BadInput(_("Name the models that the batch judges."), field="models")
    if ensemble.NAME in asked["models"]:
        raise BadInput(
            _("An item judges one model by itself; the ensemble is made of several."),
            hint=_("Name the models that it would be made of."),
            field="models",
        )
    judged = {key: asked[key] for key in JUDGED if key in asked}
    return configs.checked(version, {**judged, "models": asked["models"]})


def start(version: DatasetVersion, options: Mapping[str, Any], *, by: User, at: datetime) -> Batch:
    """Start a batch; batch, items and job commit together. Raises BadInput before."""
    prepared = prepare(version, options)
    with transaction.atomic():
        versions.keep(version.dataset, version)
        batch = create(prepared, by_id=by.pk, at=at)
        _carry(batch, by=by, at=at)
    return batch


def create(prepared: Prepared, *, by_id: int | None, at: datetime, key: str | None = None) -> Batch:
    """Store a batch and its items, all queued; nothing carries it yet."""
    batch = Batch.objects.create(
        version=prepared.version,
        key=key,
        preset=prepared.preset,
        scope=prepared.scope.as_json(),
        by=prepared.by,
        model_names=list(prepared.config.single),
        config=prepared.config.as_json(),
        config_hash=prepared.config.hash,
        parts=[one.as_json() for one in prepared.parts],
        notes=list(prepared.notes),
        total=len(prepared.items),
        series_count=prepared.series_count,
        requested_by_id=by_id,
        created_at=at,
    )
    BatchItem.objects.bulk_create(
        BatchItem(
            batch=batch,
            place=place,
            model=model,
            part=part,
            title=prepared.parts[part].title,
            series_count=len(prepared.parts[part].series),
        )
        for place, (model, part) in enumerate(prepared.items)
    )
    return batch


def cancel(batch: Batch, *, by: User, at: datetime) -> Batch:
    """Ask a batch to stop: what has not begun is left out, what runs ends at its next report.

    Repeating it changes nothing. Raises BatchOver, or Conflict for one that a run carries.
    """
    batch.refresh_from_db()
    if not batch.is_active or batch.job is None:
        raise BatchOver(_("Batch %(n)s is over: %(status)s.") % _named(batch))
    if batch.job.kind != KIND:
        raise Conflict(
            _("Batch %(n)s is a step of a run.") % _named(batch), hint=_("Stop the run instead.")
        )
    jobs.cancel(batch.job, by=by, at=at)
    batch.refresh_from_db()
    return batch


def retry(batch: Batch, *, by: User, at: datetime) -> Batch:
    """Judge again what failed or was stopped; what succeeded is kept. Raises NothingFailed."""
    with transaction.atomic():
        batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
        if batch.status not in sources(statuses.BATCH, "retry"):
            raise NothingFailed(_("Batch %(n)s is %(status)s.") % _named(batch))
        reopen(batch)
        _carry(batch, by=by, at=at)
        log.append([NewEvent(batch.stream, "batch.retried")], actor_id=by.pk, at=at)
    return batch


def reopen(batch: Batch) -> None:
    """Queue a locked batch again, with all of its items that did not succeed."""
    if not batch.is_active:
        batch.status = after(statuses.BATCH, batch.status, "retry")
        batch.started_at = batch.finished_at = batch.seconds = None
        batch.save(update_fields=["status", "started_at", "finished_at", "seconds"])
    again = batch.items.filter(status__in=sources(statuses.ITEM, "retry"))
    again.update(status=BatchItem.Status.QUEUED, error="", finished_at=None)


def _carry(batch: Batch, *, by: User, at: datetime) -> None:
    """Give the batch a job of its own."""
    version = batch.version
    params = {"batch": batch.pk, "dataset": version.dataset.name, "version": version.pk}
    batch.job = jobs.create(KIND, params=params, by=by, at=at)
    batch.save(update_fields=["job"])


def can_retry(batch: Batch) -> bool:
    return batch.status in sources(statuses.BATCH, "retry")


def find(number: str | int, *, viewer: User) -> Batch:
    """Return a batch that this person may see; raises NoSuchBatch."""
    visible = Batch.objects.visible_to(viewer).select_related(
        "job", "version__dataset", "requested_by"
    )
    key = texts.number(str(number))
    batch: Batch | None = None if key is None else visible.filter(pk=key).first()
    if batch is None:
        raise NoSuchBatch(_("There is no batch '%(n)s', or not for you.") % {"n": number})
    return batch


def config_of(batch: Batch, model: str) -> Config:
    """Return how one model of a batch is judged."""
    return rules.restore({**batch.config, "models": [model]})


def _named(batch: Batch) -> dict[str, Any]:
    return {"n": batch.pk, "status": batch.status}
