"""What the page that starts a batch offers and previews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.accounts.models import User
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.domain.models import unavailable, zoo
from forecastlab.forecasting.queries import batch_pages
from forecastlab.lib import figures
from forecastlab.warehouse.models import Dataset

SHOWN = 12


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be judged: facts, and the first parts with the number of their series."""

    facts: Sequence[Mapping[str, Any]]
    parts: Sequence[str]
    more: int
    notes: Sequence[str]


def datasets(viewer: User, chosen: str = "") -> list[str]:
    """Return the datasets that can be judged; one with a version is kept as it is written."""
    visible = Dataset.objects.visible_to(viewer).exclude(versions=None)
    names = list(visible.order_by("name").values_list("name", flat=True).distinct())
    return [*([chosen] if "@" in chosen else []), *names]


def models() -> list[tuple[str, str]]:
    """Return the single models that can run here."""
    cannot = unavailable()
    return [(name, title_of(name)) for name in zoo() if name not in cannot]


def preview(plan: Mapping[str, Any]) -> Preview:
    """Return what a batch would judge, from its plan."""
    parts = plan["parts"]
    series = sum(one["series"] for one in parts)
    return Preview(
        facts=[
            {"label": _("Items"), "value": figures.number(plan["total_items"])},
            {"label": _("Models"), "value": ", ".join(title_of(one) for one in plan["models"])},
            {"label": _("Scope"), "value": batch_pages.scope_words(plan, plan["by"])},
            {"label": _("Series"), "value": figures.number(series)},
            {"label": _("Horizon"), "value": plan["horizon"]},
            {"label": _("Folds"), "value": plan["folds"]},
        ],
        parts=[_part(one) for one in parts[:SHOWN]],
        more=max(len(parts) - SHOWN, 0),
        notes=plan["notes"],
    )


def _part(part: Mapping[str, Any]) -> str:
    if part["series"] == 1:
        return str(part["part"])
    return _("%(part)s: %(n)s series") % {
        "part": part["part"],
        "n": figures.number(part["series"]),
    }
