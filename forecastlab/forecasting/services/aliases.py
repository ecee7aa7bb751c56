"""Where an alias points: the one place that writes it, and tells the stream of its dataset."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from forecastlab.events.services import log
from forecastlab.forecasting.models import Alias, ModelRun, Promotion
from forecastlab.lib.contributions import NewEvent


def move(
    alias: Alias, run: ModelRun, promotion: Promotion, *, by: int | None, at: datetime
) -> None:
    """Point a locked alias at another model run, as the last thing in a transaction.

    `promotion` is why: the row that is written for the move, or that the move puts back.
    """
    before = alias.model_run_id
    alias.model_run, alias.changed_by_id, alias.changed_at = run, by, at
    alias.save(update_fields=["model_run", "changed_by", "changed_at"])
    _tell(alias, "alias.moved", {"from": before, "promotion": promotion.pk}, by=by, at=at)


def serve_best(name: str, run: ModelRun, *, by: int | None, at: datetime) -> None:
    """Point an alias of the run's dataset at what a judgement found best, last in a transaction.

    No gate is asked: serving what is judged best is what was asked for. A move is written down
    like one that a person makes; the first pointing makes the alias, repeating it does nothing.
    """
    alias, is_new = Alias.objects.select_for_update(no_key=True).get_or_create(
        dataset=run.version.dataset,
        name=name,
        defaults={"model_run": run, "changed_by_id": by, "changed_at": at},
    )
    if is_new:
        _tell(alias, "alias.made", {}, by=by, at=at)
        return
    if alias.model_run_id == run.pk:
        return
    promotion = Promotion.objects.create(
        alias=alias,
        before_id=alias.model_run_id,
        after=run,
        note=_("The best of a new judgement"),
        promoted_by_id=by,
        promoted_at=at,
    )
    move(alias, run, promotion, by=by, at=at)


def _tell(
    alias: Alias, kind: str, more: dict[str, int | None], *, by: int | None, at: datetime
) -> None:
    payload = {"alias": alias.name, "to": alias.model_run_id, "model": alias.model_run.model}
    log.append([NewEvent(alias.dataset.stream, kind, payload | more)], actor_id=by, at=at)
