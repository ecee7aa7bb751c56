"""Runs that clients of an earlier system ask for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from forecastlab.accounts.models import User
from forecastlab.lib.errors import HouseError
from forecastlab.warehouse.models import DatasetVersion
from showcase.domain import frames as rules
from showcase.domain.frames import Wish
from showcase.models import Run
from showcase.services import configs, runs
from showcase.services.configs import Prepared


def start(frame: Any, *, by: User, at: datetime) -> Run:
    """Start the run that a frame asks for; raises what `runs.start` does, in the client's words."""
    wish = rules.translate(frame)
    with _in_words_of_the_client():
        return runs.start_prepared(_prepare(wish, by=by, at=at), by=by, at=at, wish=wish)


def plan(frame: Any, *, by: User, at: datetime) -> dict[str, Any]:
    """Return what a frame would run, as a dry run does. Writes nothing."""
    wish = rules.translate(frame)
    with _in_words_of_the_client():
        return {**_prepare(wish, by=by, at=at).shown(), "frame_hash": wish.hash}


def _prepare(wish: Wish, *, by: User, at: datetime) -> Prepared:
    version = _simulated_before(wish.scenario, by=by) if wish.reuses else None
    sales = {"dataset": version.ref} if version else {"scenario": wish.scenario}
    prepared = configs.prepare({**wish.options, **sales}, by=by, at=at)
    rules.check_learnt(wish, prepared.folds, prepared.sales.periods)
    return prepared


def _simulated_before(scenario: str, *, by: User) -> DatasetVersion | None:
    """Return the newest sales simulated for a scenario, of those that somebody may see."""
    simulated = DatasetVersion.objects.visible_to(by).filter(
        source=DatasetVersion.Source.SIMULATION,
        dataset__name=scenario,
        config__simulate__preset=scenario,
    )
    return simulated.select_related("dataset").order_by("-number").first()


@contextmanager
def _in_words_of_the_client() -> Iterator[None]:
    """Let a refusal name the field as the client calls it."""
    try:
        yield
    except HouseError as error:
        error.field = rules.FIELDS.get(error.field, error.field)
        raise
