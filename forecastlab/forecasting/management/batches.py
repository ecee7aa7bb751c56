"""What commands about batches share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.models import Batch
from forecastlab.forecasting.queries import batch_representations as representations
from forecastlab.jobs.services import following
from forecastlab.jobs.services.commands import JobCommand
from forecastlab.lib import cursors, figures


class BatchCommand(JobCommand):
    """Follows the job of a batch and prints its items; the answer is yes if all succeeded."""

    verb = "forecast.issue"

    def batch(self, options: dict[str, Any]) -> Batch:
        raise NotImplementedError

    def run(self, options: dict[str, Any]) -> Mapping[str, Any]:
        found = self.batch(options)
        if not options["no_wait"]:
            following.follow(found.job_id or 0, self.say)
        return told(found, whole=not options["no_wait"])

    def describe(self, result: Mapping[str, Any]) -> str:
        return describe(result)

    def succeeded(self, result: Mapping[str, Any]) -> bool:
        return "items" not in result or bool(result["status"] == Batch.Status.COMPLETED)


def told(found: Batch, *, whole: bool) -> Mapping[str, Any]:
    """Return a batch as it stands, with all of its items where it is to be `whole`."""
    batch = representations.read(found)
    if not whole:
        return batch
    items, _following = representations.items(found, limit=cursors.MOST)
    return {**batch, "items": items}


def describe(result: Mapping[str, Any]) -> str:
    lines = [
        f"{one['part']:<24} {title_of(one['model']):<24} {one['status']:<10} "
        f"{figures.number(one['metrics'].get('wape'), 2):>8}  {one['error'] or ''}".rstrip()
        for one in result.get("items", [])
    ]
    head = _("Batch %(n)s: %(status)s, %(done)s of %(total)s items judged") % {
        "n": result["batch"],
        "status": result["status"],
        "done": result["completed_items"],
        "total": result["total_items"],
    }
    return "\n".join([*result["notes"], *lines, head])
