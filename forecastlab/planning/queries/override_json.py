"""Overrides, freezes, published forecasts and value added as the JSON of the API."""

from __future__ import annotations

import math
from typing import Any

from django.db.models import QuerySet

from forecastlab.accounts.models import User
from forecastlab.lib import cursors
from forecastlab.lib.errors import NotFound
from forecastlab.planning.domain import value_added as rules
from forecastlab.planning.domain.value_added import Added
from forecastlab.planning.models import Freeze, Override, OverrideCell, Publication
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.planning.queries.publications import PublicationPage
from forecastlab.planning.queries.value_added import BY, Found, verdict
from forecastlab.warehouse import queries as warehouse
from forecastlab.warehouse.models import Series

Listed = tuple[list[dict[str, Any]], str | None]


def horizon(found: Horizon) -> dict[str, Any]:
    """Say which periods may be overridden."""
    return {
        "dataset": found.issue.version.ref,
        "issue": found.issue.pk,
        "first": found.labels[0],
        "last": found.labels[-1],
        "sold": found.first_open,
    }


def cells(found: Horizon, *, search: str, limit: int, cursor: str) -> Listed:
    """Return the overrides that stand beside the newest forecast."""
    rows: QuerySet[OverrideCell] = OverrideCell.objects.filter(
        dataset=found.dataset, period__in=list(found.labels)
    )
    if search:
        rows = rows.filter(series__unique_id__icontains=search)
    rows = rows.exclude(units=None).select_related("series", "override__made_by")
    page, following = cursors.page(rows, by="pk", limit=limit, cursor=cursor)
    return [cell(one) for one in page], following


def cell(one: OverrideCell) -> dict[str, Any]:
    return {
        "series": one.series.unique_id,
        "period": one.period,
        "units": one.units,
        "model": one.model,
        "revision": one.revision,
        "reason": one.override.reason,
        "made_by": one.override.made_by.username,
        "made_at": one.override.made_at,
    }


def override(one: Override) -> dict[str, Any]:
    return {
        "override": one.pk,
        "dataset": one.dataset.name,
        "issue": one.issue_id,
        "scope": one.scope,
        "first": one.first,
        "last": one.last,
        "way": one.way,
        "amount": one.amount,
        "reason": one.reason,
        "note": one.note,
        "numbers": one.numbers,
        "via": one.via,
        "made_by": one.made_by.username,
        "made_at": one.made_at,
    }


def named(found: Horizon, names: list[str]) -> dict[str, int]:
    """Return the numbers of series by their names; raises NotFound naming one there is not."""
    mine = Series.objects.filter(dataset=found.dataset, unique_id__in=names)
    known = dict(mine.values_list("unique_id", "pk"))
    missing = [one for one in names if one not in known]
    if missing:
        raise NotFound(f"'{found.dataset.name}' has no series '{missing[0]}'.", field="numbers")
    return known


def freezes(viewer: User, *, dataset: str, limit: int, cursor: str) -> Listed:
    found = _of_dataset(Freeze.objects.visible_to(viewer), viewer, dataset)
    rows = found.select_related("dataset", "made_by", "lifted_by")
    page, following = cursors.page(rows, by="-pk", limit=limit, cursor=cursor)
    return [freeze(one) for one in page], following


def freeze(one: Freeze) -> dict[str, Any]:
    return {
        "freeze": one.pk,
        "dataset": one.dataset.name,
        "scope": one.scope,
        "first": one.first,
        "last": one.last,
        "note": one.note,
        "made_by": one.made_by.username,
        "made_at": one.made_at,
        "lifted_by": one.lifted_by.username if one.lifted_by else None,
        "lifted_at": one.lifted_at,
    }


def publications(viewer: User, *, dataset: str, limit: int, cursor: str) -> Listed:
    found = _of_dataset(Publication.objects.visible_to(viewer), viewer, dataset)
    rows = found.select_related("dataset", "published_by")
    page, following = cursors.page(rows, by="-pk", limit=limit, cursor=cursor)
    return [publication(one) for one in page], following


def publication(one: Publication) -> dict[str, Any]:
    return {
        "publication": one.pk,
        "dataset": one.dataset.name,
        "number": one.number,
        "issue": one.issue_id,
        "note": one.note,
        "series": one.series_count,
        "overridden": one.numbers,
        "total": one.total,
        "model_total": one.model_total,
        "digest": one.digest,
        "published_by": one.published_by.username,
        "published_at": one.published_at,
    }


def compared(page: PublicationPage) -> dict[str, Any]:
    """Return a published forecast with what it changed, the series that differ most first."""
    found = page.difference
    rows = zip(found.names, found.before.tolist(), found.after.tolist(), strict=True)
    return {
        **publication(page.publication),
        "against": page.against.number if page.against else "model",
        "periods": list(found.labels),
        "change": found.change,
        "differ": len(found.names),
        "series_changed": [
            {"series": name, "before": before, "after": after}
            for name, before, after in list(rows)[: cursors.MOST]
        ],
        "added": list(found.added),
        "gone": list(found.gone),
    }


def value_added(found: Found, by: str) -> dict[str, Any]:
    groups = found.by(by if by in BY else BY[0])
    return {
        "dataset": found.version.ref,
        "pending": found.pending,
        "all": added(found.all()),
        "by": by if by in BY else BY[0],
        "undefined": rules.undefined(groups),
        "items": [{"name": name, **added(one, by, name)} for name, one in groups.items()],
    }


def added(one: Added, by: str = "", key: str = "") -> dict[str, Any]:
    """Return value added; percentages are 0 to 100, undefined is null."""
    return {
        "numbers": one.numbers,
        "periods": one.days,
        "unjudged": one.unjudged,
        "closer": one.closer,
        "farther": one.farther,
        "wape": {step: _known(value) for step, value in one.wape.items()},
        "bias": {step: _known(value) for step, value in one.bias.items()},
        "value_added": _known(one.points),
        "verdict": one.verdict.value,
        "says": verdict(one, by, key),
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _of_dataset(rows: Any, viewer: User, dataset: str) -> Any:
    if not dataset:
        return rows
    return rows.filter(dataset=warehouse.resolve(dataset, viewer).dataset)
