"""Forecasts of earlier judgements, found again by what they follow from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max, Sum

from forecastlab.forecasting import gateways
from forecastlab.forecasting.domain import reuse
from forecastlab.forecasting.domain.models import zoo
from forecastlab.forecasting.domain.panel import Floats
from forecastlab.forecasting.domain.protocol import LocalModel
from forecastlab.forecasting.domain.reuse import Keys
from forecastlab.forecasting.domain.shards import Work
from forecastlab.forecasting.models import KeptForecast
from forecastlab.forecasting.services import installed
from forecastlab.lib import artefacts
from forecastlab.lib.contributions import StepContext

# What nobody used for so long goes; what was used within a day stays, since a job may be about to
# read it.
KEPT, SURE = timedelta(days=30), timedelta(days=1)
AT_ONCE = 2_000


class Shelf:
    """Forecasts in some artefacts, by their keys; of equal keys the first artefact counts."""

    def __init__(self, digests: Sequence[str]) -> None:
        self.digests = list(digests)
        opened = [gateways.opened(digest) for digest in reversed(self.digests)]
        self._where = {key: arrays for arrays in opened for key in arrays}

    def lacks(self, keys: Iterable[str]) -> list[int]:
        """Return the places of the keys that are not there."""
        return [place for place, key in enumerate(keys) if key not in self._where]

    def __getitem__(self, key: str) -> Floats:
        """Return the forecasts from one origin, steps x series."""
        return self._where[key][key]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a judgement takes over, and what it has to make.

    `keys` are blocks x origins by model. `places` says from which origins a model that learns
    from all series must forecast; any other decides block by block. `shelf` has what is there.
    """

    keys: Mapping[str, Keys]
    places: Mapping[str, tuple[int, ...]]
    shelf: Shelf

    def places_of(self, model: str, block: int, work: Work) -> tuple[int, ...]:
        """Return the places of the origins from which a model must forecast a block."""
        if model in self.places:
            return self.places[model]
        missing = self.shelf.lacks(self.keys[model][block].tolist())
        return reuse.needed(zoo()[model], work, missing)

    def as_json(self) -> dict[str, Any]:
        return {
            "keys": gateways.put_arrays(self.keys),
            "places": {name: list(one) for name, one in self.places.items()},
            "shelf": self.shelf.digests,
        }


def restore(stored: Mapping[str, Any]) -> Plan:
    """Read back what `as_json` gave."""
    places = {name: tuple(one) for name, one in stored["places"].items()}
    return Plan(gateways.get_arrays(stored["keys"]), places, Shelf(stored["shelf"]))


def plan(
    context: StepContext, work: Work, printed: Sequence[Sequence[str]], models: Iterable[str]
) -> Plan:
    """Look up what is there of the forecasts of these models; what is counts as used now."""
    named, stands_for = {name: zoo()[name] for name in models}, installed.digest("domain")
    periods = work.task.origins[-1] + 1
    keys = {
        name: reuse.keys(one, work, printed, periods, stands_for) for name, one in named.items()
    }
    takes = settings.KEPT_FORECASTS_GB > 0 and context.params.get("reuse", True)
    shelf = Shelf(_there(context, keys) if takes else [])
    places = {
        name: reuse.needed(one, work, _lacking(shelf, keys[name]))
        for name, one in named.items()
        if not isinstance(one, LocalModel)
    }
    return Plan(keys, places, shelf)


def _there(context: StepContext, keys: Mapping[str, Keys]) -> list[str]:
    """Return the artefacts that hold any of these forecasts; damaged ones make room."""
    wanted = [key for one in keys.values() for key in one.ravel().tolist()]
    rows = KeptForecast.objects.filter(key__in=wanted)
    digests = sorted(set(rows.values_list("artefact", flat=True)))
    damaged = [one for one in digests if not gateways.is_whole(one)]
    for one in damaged:
        artefacts.discard(one)
    with context.fenced():
        KeptForecast.objects.filter(artefact__in=damaged).delete()
        rows.update(used_at=context.now)
    return [one for one in digests if one not in damaged]


def _lacking(shelf: Shelf, keys: Keys) -> list[int]:
    """Return the places of the origins from which any block has no forecast."""
    return sorted({place for block in keys.tolist() for place in shelf.lacks(block)})


def keep(
    context: StepContext, digest: str, made: Mapping[str, str], sizes: Mapping[str, int]
) -> None:
    """Write down what an artefact holds: the models of forecasts by key."""
    rows = [
        KeptForecast(
            key=key, model=made[key], artefact=digest, size=sizes[key], used_at=context.now
        )
        for key in sorted(made)  # in order, so that two writers never wait for each other
    ]
    with context.fenced():
        KeptForecast.objects.bulk_create(rows, batch_size=AT_ONCE, ignore_conflicts=True)


def prune(at: datetime) -> None:
    """Forget forecasts that nobody used for long, and of too many those used longest ago."""
    held = KeptForecast.objects.values("artefact").annotate(last=Max("used_at"), bytes=Sum("size"))
    total, gone = 0, []
    for one in held.order_by("-last", "artefact"):
        total += one["bytes"]
        too_much = total > settings.KEPT_FORECASTS_GB * 1024**3
        if one["last"] < at - SURE and (too_much or one["last"] < at - KEPT):
            gone.append(one["artefact"])
    KeptForecast.objects.filter(artefact__in=gone).delete()
