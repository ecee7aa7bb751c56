"""The pipeline's first rows: whose sales are forecast, and what they look like."""

from __future__ import annotations

from typing import Any

from forecastlab.lib import dates
from forecastlab.lib.contributions import Done, Skipped, StepContext, StepFailed, StepResult
from forecastlab.warehouse.domain.simulator import config as configs
from forecastlab.warehouse.models import DatasetVersion, Series
from forecastlab.warehouse.services import contents, simulations, versions


def seed(context: StepContext) -> StepResult:
    """Simulate the run's scenario; a run over a dataset has nothing to do here."""
    frozen = context.params.get("simulate")
    if not frozen:
        return Skipped(f"Uses {versions.version_of(context).ref}")
    config = configs.from_json(frozen)
    version = simulations.simulate(context.params["scenario"], config, context)
    data = {
        "version": version.pk,
        "dataset": version.ref,
        "content_hash": version.content_hash,
        "records_created": {
            "stores": config.stores,
            "products": config.products,
            "series": version.series_count,
            "sales": version.rows,
        },
        "scenario": config.preset,
        "overrides_applied": config.turned(),
    }
    return Done(f"{version.rows:,} rows of {version.series_count:,} series simulated", data)


def status(context: StepContext) -> StepResult:
    """Say what the version holds, and which series stands for it."""
    version = versions.version_of(context)
    if not version.rows:
        raise StepFailed("The dataset holds no rows.", hint="Import sales into it.")
    requested = str(context.params.get("focus") or "")
    focus = _focus(version, requested)
    data = {**_figures(version), **_pair(version, focus), "user_scope_applied": focus == requested}
    if context.params.get("check_sales"):
        data["sales_sha256"] = contents.recomputed(version, context.report)
    detail = f"{version.rows:,} rows of {version.series_count:,} series, "
    detail += dates.window(version.first, version.last)
    if requested and focus != requested:
        detail += f". There is no series '{requested}': {focus}, which sells most, stands in"
    return Done(detail, data, warn=bool(requested) and focus != requested)


def _focus(version: DatasetVersion, requested: str) -> str:
    """Return the series asked for when the dataset has it, else the best-selling one."""
    series = Series.objects.filter(dataset=version.dataset)
    if requested and series.filter(unique_id=requested).exists():
        return requested
    best = version.profile.get("best_selling")
    if best:
        return str(best)
    return str(series.order_by("pk").values_list("unique_id", flat=True).first() or "")


def _figures(version: DatasetVersion) -> dict[str, Any]:
    profile = version.profile
    known = profile.get("stockout_known") or 0
    return {
        "date_range_start": version.first,
        "date_range_end": version.last,
        "frequency": version.frequency,
        "rows": version.rows,
        "series": version.series_count,
        "periods": version.periods,
        "gaps": profile.get("gaps", 0),
        "zeros": profile.get("zeros", 0),
        "stockout_rows": profile.get("stockout_rows", 0),
        "stockout_share": profile.get("stockout_sum", 0) / known if known else None,
    }


def _pair(version: DatasetVersion, focus: str) -> dict[str, Any]:
    found = Series.objects.filter(dataset=version.dataset, unique_id=focus)
    series = found.select_related("store", "product").first()
    return {
        "focus": focus,
        "series_id": series.pk if series else None,
        "store_id": series.store.code if series and series.store else "",
        "product_id": series.product.code if series and series.product else "",
    }
