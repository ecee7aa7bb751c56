"""Publishing what is planned: the model's numbers with the overrides, kept as they are now."""

from __future__ import annotations

import hashlib
from datetime import datetime

import numpy as np
import polars as pl
from django.db import transaction
from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.events.services import log
from forecastlab.lib import frames
from forecastlab.lib.contributions import NewEvent
from forecastlab.lib.errors import Conflict, NotFound
from forecastlab.planning.domain import overrides
from forecastlab.planning.domain.overrides import Floats, Scope
from forecastlab.planning.models import Publication, PublishedOverride, PublishedSeries
from forecastlab.planning.queries import forecast_tables, standing
from forecastlab.planning.queries.forecast_tables import Table
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.planning.services import locks


class NothingNew(Conflict):
    """Nothing has changed since the last published forecast."""

    code = "nothing_new"


class OthersByNow(Conflict):
    """The forecast, or overrides beside it, have changed since they were looked at."""

    code = "others_by_now"


def publish(
    horizon: Horizon,
    *,
    note: str,
    by: User,
    at: datetime,
    key: str | None = None,
    seen: str = "",
) -> Publication:
    """Publish the forecast with the overrides that stand; the number is the dataset's next.

    With the same `key` again it is what there is. `seen` is the mark of what was looked at
    (`standing.mark`). Raises OthersByNow where that has changed, and NothingNew where the newest
    published forecast says the same.
    """
    note = overrides.check_note(note)
    table = forecast_tables.of_scope(horizon.issue, Scope("all"))
    with transaction.atomic():
        locks.hold(horizon.dataset, horizon.issue)
        there: Publication | None = Publication.objects.filter(key=key).first()
        if key and there:
            return there
        if seen and seen != standing.mark(horizon):
            raise OthersByNow(hint=_("Nothing was published. Look again, and ask again."))
        newest = newest_of(horizon)
        told = standing.numbers(horizon.dataset, horizon.labels)
        published, acts = standing.laid_over(table.model, table.series, horizon.labels, told)
        digest = _digest(table, published)
        if newest and (newest.issue_id, newest.digest) == (horizon.issue.pk, digest):
            said = {"number": newest.number, "who": newest.published_by}
            raise NothingNew(
                _("Version %(number)s, published by %(who)s, says exactly the same.") % said,
                hint=_("Override something, or issue forecasts first."),
            )
        made = Publication.objects.create(
            dataset=horizon.dataset,
            number=newest.number + 1 if newest else 1,
            issue=horizon.issue,
            note=note,
            series_count=len(table.series),
            numbers=int((acts > 0).sum()),
            total=float(published.sum()),
            model_total=float(table.model.sum()),
            digest=digest,
            key=key,
            published_by=by,
            published_at=at,
        )
        _store(made, table, published, acts)
        payload = {"number": made.number, "publication": made.pk, "overridden": made.numbers}
        entry = NewEvent(made.dataset.stream, "forecast.published", payload)
        log.append([entry], actor_id=by.pk, at=at)
    return made


def newest_of(horizon: Horizon) -> Publication | None:
    """Return the newest published forecast of a dataset."""
    there = Publication.objects.filter(dataset=horizon.dataset).select_related("published_by")
    found: Publication | None = there.order_by("-number").first()
    return found


def find(pk: int, *, viewer: User) -> Publication:
    """Return a published forecast that the viewer may see; raises NotFound."""
    visible = Publication.objects.visible_to(viewer)
    found: Publication | None = (
        visible.select_related("dataset", "issue__version__dataset", "published_by")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise NotFound(_("There is no such published forecast, or not for you."))
    return found


def beside(publication: Publication, pk: int | None) -> Publication | None:
    """Return the version of the same dataset that a number means; None stands for the model."""
    if pk is None:
        return None
    there = Publication.objects.filter(dataset=publication.dataset_id, pk=pk)
    found: Publication | None = there.select_related("issue__version__dataset").first()
    if found is None:
        raise NotFound(_("This dataset has no such published forecast."), field="against")
    return found


def _digest(table: Table, published: Floats) -> str:
    found = hashlib.sha256()
    for name, row in zip(table.names, published, strict=True):
        found.update(name.encode() + b"\0" + row.astype("<f8").tobytes())
    return found.hexdigest()


def _store(
    made: Publication,
    table: Table,
    published: Floats,
    acts: np.ndarray[tuple[int, int], np.dtype[np.int64]],
) -> None:
    series = np.array(table.series, dtype=np.int64)
    rows = pl.DataFrame(
        {
            "publication_id": np.full(len(series), made.pk),
            "series_id": series,
            "model": table.frame["model"],
            "total": published.sum(axis=1),
            "model_total": table.model.sum(axis=1),
            "yhat": np.ascontiguousarray(published),
            "model_yhat": np.ascontiguousarray(table.model),
        }
    )
    frames.copy_in(PublishedSeries._meta.db_table, rows.columns, [rows])
    down, across = np.nonzero(acts)
    cells = pl.DataFrame(
        {
            "publication_id": np.full(len(down), made.pk, dtype=np.int64),
            "series_id": series[down],
            "step": (across + 1).astype(np.int32),
            "override_id": acts[down, across],
        }
    )
    frames.copy_in(PublishedOverride._meta.db_table, cells.columns, [cells])
