"""What became of an alias: who pointed it where, and past which gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.models import Alias, ModelRun, Promotion
from forecastlab.lib import cursors
from forecastlab.warehouse import queries as warehouse

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Row:
    promotion: Promotion
    before: str
    after: str
    gates: Sequence[dict[str, Any]]


def of_dataset(run: ModelRun) -> list[Row]:
    """Return the newest promotions of the aliases of a run's dataset."""
    found = _joined().filter(alias__dataset=run.version.dataset_id).order_by("-pk")[:SHOWN]
    return [_row(one) for one in found]


def of_alias(alias: Alias) -> list[Row]:
    return [_row(one) for one in _joined().filter(alias=alias).order_by("-pk")[:SHOWN]]


def _joined() -> QuerySet[Promotion]:
    return Promotion.objects.select_related("alias", "before", "after", "promoted_by")


def _row(one: Promotion) -> Row:
    refused = [gate for gate in one.gates if not gate["holds"]]
    return Row(one, _title(one.before), _title(one.after), refused)


def _title(run: ModelRun | None) -> str:
    return title_of(run.model) if run else ""


def listed(
    viewer: User, *, dataset: str, alias: str, limit: int, cursor: str
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of promotions, newest first, and where the next one starts."""
    found = _joined().filter(alias__in=Alias.objects.visible_to(viewer))
    if dataset:
        found = found.filter(alias__dataset=warehouse.resolve(dataset, viewer).dataset)
    if alias:
        found = found.filter(alias__name=alias)
    page, following = cursors.page(found, by="-pk", limit=limit, cursor=cursor)
    return [told(one) for one in page], following


def told(one: Promotion) -> dict[str, Any]:
    return {
        "promotion": one.pk,
        "alias": one.alias.name,
        "from": one.before_id,
        "to": one.after_id,
        "gates": one.gates,
        "acknowledged": one.acknowledged,
        "note": one.note,
        "teaching": one.teaching,
        "restored": one.restored,
        "by": str(one.promoted_by) if one.promoted_by else None,
        "at": one.promoted_at,
    }
