"""The steps of an import of a bundle. All is checked before a row is written."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.lib.barriers import barrier
from forecastlab.lib.contributions import Done, Skipped, StepContext
from forecastlab.lib.figures import number
from forecastlab.warehouse.models import DatasetVersion
from forecastlab.warehouse.services import carried, loading, uploads, versions
from forecastlab.warehouse.services.carried import Told
from forecastlab.warehouse.services.loading import Load
from forecastlab.warehouse.services.uploads import UploadGone, Workplace
from showcase.domain import bundle_reading, bundle_stories, bundles
from showcase.domain.bundle_members import BundleRefused, Layout
from showcase.domain.bundle_stories import Story
from showcase.models import Run, Workspace
from showcase.services import imported_rows, importing
from showcase.services.imported_rows import Arrival

FACTS, SERIES = f"{bundles.DATASET}/facts.parquet", f"{bundles.DATASET}/series.parquet"


def check(context: StepContext) -> Done:
    """Go through every byte of the bundle."""

    def report(part: float, file: str) -> None:
        context.report(part, _("Reading %(file)s") % {"file": file})

    read = importing.read(context.params["upload"], context.params["file_name"], report)
    if read.sha256 != context.params["bundle"]:
        raise UploadGone(field="file")
    barrier("bundle-checked")
    whose = _("by this installation") if read.is_ours else _("by key %s") % read.story.key_id
    return Done(
        _("All of %(size)s bytes are as signed %(whose)s")
        % {"size": number(read.size), "whose": whose}
    )


def sales(context: StepContext) -> Done | Skipped:
    """Lay out the sales of the bundle, unless the same are here or it has none."""
    story, place = _story(context), uploads.place_of(context.params["upload"])
    actor = loading.actor(context)
    known = carried.existing(story.run["content_hash"], by=actor)
    if known is not None:
        return Skipped(_("The same sales are here: %s") % known.ref)
    if not story.has_sales:
        return Skipped(importing.without_sales(story))
    for path in (FACTS, SERIES):
        _unpack(context, path, _unpacked(place, path))
    staged = carried.stage(place, _unpacked(place, FACTS), _told(story), context.report)
    return Done(
        _("%(rows)s rows of sales hold what was written down") % {"rows": number(staged.rows)}
    )


def load(context: StepContext) -> Done:
    """Make the rows, all or none. Once they are made, a second run of this step finds them.

    Raises AlreadyImported where another job has made them.
    """
    kept = importing.imported(context.params["bundle"])
    if kept is not None and (kept.origin or {}).get("job") != context.job_id:
        importing.check_new(context.params["bundle"], by=loading.actor(context))
    kept = kept or _load(context)
    uploads.discard(context.params["upload"])
    data = {
        "workspace": kept.name,
        "origin": kept.origin,
        "objects": imported_rows.objects(kept),
    }
    return Done(_("Kept as '%s'") % kept.name, data)


def undo(context: StepContext) -> None:
    """Leave neither row nor file of an import that was cancelled or failed."""
    uploads.discard(context.params["upload"])
    kept = importing.imported(context.params["bundle"])
    if kept is None or (kept.origin or {}).get("job") != context.job_id:
        return
    loaded = (kept.origin or {}).get("version")
    with context.fenced():
        Run.objects.filter(pk=kept.run_id).delete()
        version = DatasetVersion.objects.filter(pk=loaded).first() if loaded else None
        if version is not None:
            versions.drop(version, at=context.now, actor_id=context.actor_id)


def _load(context: StepContext) -> Workspace:
    story, place = _story(context), uploads.place_of(context.params["upload"])
    actor = loading.actor(context)
    arrival = Arrival(
        story=story,
        name=context.params["name"],
        bundle=context.params["bundle"],
        job_id=context.job_id,
        by=actor,
        at=context.now,
    )
    with _opened(context) as stream, context.fenced():
        version = carried.existing(story.run["content_hash"], by=actor)
        made = None
        if version is not None:
            versions.keep(version.dataset, version)
        if version is None and story.has_sales:
            config = {"bundle": arrival.bundle, "workspace": story.name}
            name = carried.free_name(story.dataset["name"] if story.dataset else "")
            wanted = Load(name, actor, context.now, DatasetVersion.Source.IMPORT, config)
            series = _unpacked(place, SERIES)
            version = made = carried.load(place, wanted, series, context.report)
        barrier("bundle-sales-loaded")
        events = bundle_stories.events(bundle_reading.opened(stream))
        kept = imported_rows.create(arrival, events, version=version, made=made)
        context.report(1.0, _("Rows made"))  # the last moment to be stopped at
    return kept


# -- the parts ---------------------------------------------------------------------------------


def _opened(context: StepContext) -> Any:
    return uploads.place_of(context.params["upload"]).source.open("rb")


def _story(context: StepContext) -> Story:
    """Return what the bundle tells; the step before has gone through it."""
    with _opened(context) as stream:
        return importing.story_of(stream)


def _unpack(context: StepContext, path: str, target: Path) -> None:
    with _opened(context) as stream:
        layout: Layout = bundle_reading.opened(stream)
        if path not in layout.files:
            raise BundleRefused("file_missing", f"The file '{path}' is missing.", entry=path)
        with target.open("wb") as unpacked:
            for piece in layout.pieces(path):
                unpacked.write(piece)
                context.report(None, _("Unpacking %(file)s") % {"file": path})


def _unpacked(place: Workplace, path: str) -> Path:
    return place.folder / f"unpacked-{Path(path).name}"


def _told(story: Story) -> Told:
    dataset = story.dataset or {}
    epoch: datetime | None = dataset["epoch"]
    return Told(
        name=dataset["name"],
        content_hash=dataset["content_hash"],
        rows=dataset["rows"],
        periods=dataset["periods"],
        frequency=dataset["frequency"],
        epoch=epoch.replace(tzinfo=None) if epoch else None,
        month_day=dataset["month_day"],
        signals=dataset["signals"],
    )
