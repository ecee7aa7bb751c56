"""Judgements that take over what earlier ones forecast: the same bytes, and never a stale one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from forecastlab.forecasting.domain import config, reuse, shards
from forecastlab.forecasting.domain.models import ensemble, unavailable, zoo
from forecastlab.forecasting.models import Backtest, Forecast, KeptForecast
from forecastlab.forecasting.services import forecasts, keeping
from forecastlab.jobs.services import jobs, storeroom
from forecastlab.lib import artefacts
from tests.factories import make_sales, make_user, make_version, run_job
from tests.forecasting.panels import make_panel, whole_of

DAYS, WEEK = 104, 7
# One that learns alone, one with a shared season, one by known signals, and trees.
MODELS = ["seasonal_naive", "theta", "driver", "lightgbm"]


def sold(days: int = DAYS, width: int = 6) -> dict[str, Any]:
    """Return the first days and series of always the same sales."""
    draw = np.random.default_rng(3)
    columns = {"sales": make_sales(DAYS, 12), "price": draw.uniform(1, 2, (DAYS, 12))}
    return {name: one[:days, :width] for name, one in columns.items()}


def judged(sales: dict[str, Any] | None = None, **options: Any) -> tuple[Backtest, list[Any]]:
    """Judge the next version and forecast it; return both."""
    version = make_version(**sales or sold())
    asked = {"horizon": WEEK, "folds": 3, "models": [*MODELS, ensemble.NAME], **options}
    params = {"dataset": "shop", "version": version.pk, "alias": f"at-{version.pk}", **asked}
    by, at = version.created_by, timezone.now()
    job = run_job(jobs.create(forecasts.KIND, params=params, by=by, at=at))
    assert job.status == "succeeded", job.error
    issued = Forecast.objects.filter(issue=forecasts.of_job(job)).order_by("series")
    return Backtest.objects.get(key=f"job.{job.pk}"), list(issued.values_list("model", "yhat"))


def bytes_of(made: tuple[Backtest, list[Any]]) -> tuple[Any, ...]:
    return made[0].forecasts, made[0].serving, made[1]


@pytest.mark.slow
@pytest.mark.django_db
def test_a_version_that_adds_days_takes_over_the_folds_it_shares(settings: Any) -> None:
    make_user()
    first, longer = judged(sold(DAYS - WEEK)), judged()
    repeated = judged()
    settings.KEPT_FORECASTS_GB = 0
    anew = judged()

    # Two of three folds were judged before. The third is where the earlier one forecast from last;
    # it would be the same if the prices of that week had been known then.
    reused = [one[0].result["reused"] for one in (first, longer, repeated, anew)]
    assert reused == [0, pytest.approx(2 / 3, abs=1e-4), 1, 0]
    assert bytes_of(longer) == bytes_of(anew) == bytes_of(repeated)


@pytest.mark.django_db
def test_what_changed_is_never_taken_over() -> None:
    make_user()
    options = {"models": ["seasonal_naive", "theta"]}
    judged(**options)
    earlier = sold()
    earlier["sales"][20, 0] += 1

    for sales, asked in (
        (earlier, {}),
        (sold(width=7), {}),
        (sold(), {"season_length": 5}),
        (sold(), {"horizon": 6}),
        (sold(), {"window": 60}),
    ):
        assert judged(sales, **options | asked)[0].result["reused"] == 0


@pytest.mark.django_db
def test_files_that_are_damaged_or_swept_are_made_anew() -> None:
    make_user()
    options = {"models": ["naive", "theta"]}
    first = judged(**options)
    (digest,) = set(KeptForecast.objects.values_list("artefact", flat=True))
    at = timezone.now() + timedelta(days=2)

    storeroom.sweep(at)
    keeping.prune(at)
    assert artefacts.has(digest)
    artefacts.path(digest).write_bytes(b"something else")
    again = judged(**options)

    assert again[0].result["reused"] == 0
    assert bytes_of(again) == bytes_of(first)
    KeptForecast.objects.update(used_at=at - timedelta(days=31))
    keeping.prune(at)
    storeroom.sweep(at)
    assert not KeptForecast.objects.exists()
    assert not artefacts.has(digest)


@pytest.mark.django_db
def test_a_series_on_which_a_model_fails_falls_back_as_if_nothing_were_there(
    monkeypatch: Any,
) -> None:
    make_user()

    def last(self: Any, y: Any, h: int, **_: Any) -> dict[str, Any]:
        if len(y) == DAYS and y[-1] == sold()["sales"][-1, 2]:
            raise ValueError("no")
        return {"mean": np.full(h, y[-1])}

    monkeypatch.setattr("statsforecast.models.DynamicOptimizedTheta.forecast", last)
    options = {"models": ["naive", "dynamic_optimized_theta"]}
    judged(sold(DAYS - WEEK), **options)
    longer, anew = judged(**options), judged(**options, reuse=False)

    assert longer[0].result["fallbacks"] == anew[0].result["fallbacks"] != []
    assert longer[0].result["reused"] == pytest.approx(1 / 3, abs=1e-4)
    assert bytes_of(longer) == bytes_of(anew)


# -- keys --------------------------------------------------------------------------------------

PERIODS, SERIES, STEPS = 90, 501, 5
SHORT = config.resolve({"horizon": STEPS, "folds": 2}, frequency="D")
WORK = shards.judging(SHORT, PERIODS)


def told() -> dict[str, Any]:
    draw, shape = np.random.default_rng(11), (PERIODS + 20, SERIES + 1)
    columns = {name: draw.uniform(1, 2, shape) for name in ("price", "stock")}
    return {"sales": make_sales(*shape), **columns}


def panel_of(periods: int = PERIODS, width: int = SERIES, **changed: Any) -> Any:
    """Return sales, a price known 20 days ahead, and a stock that is not."""
    columns = {name: one[:, :width] for name, one in {**told(), **changed}.items()}
    signals = {"price": (columns["price"], True), "stock": (columns["stock"][:periods], False)}
    return make_panel(columns["sales"][:periods], signals=signals)


def keys_of(name: str, panel: Any, work: Any = WORK, software: str = "now") -> Any:
    printed = reuse.prints(panel, work)
    return reuse.keys(zoo()[name], work, printed, panel.periods, software)


@pytest.mark.parametrize("name", ["naive", "driver", "lightgbm"])
def test_a_key_follows_from_what_may_be_known_at_its_origin_and_from_nothing_else(
    name: str,
) -> None:
    alone, origin = name == "naive", WORK.task.origins[0]
    usual = keys_of(name, panel_of())
    assert len(set(usual.ravel())) == usual.size == 2 * 3

    for column, unknown in {"sales": 1, "stock": 1, "price": 1 + STEPS}.items():
        for place, same in ((origin + unknown, True), (origin + unknown - 1, False)):
            changed = told()
            changed[column][place, 3] += 1
            keys = keys_of(name, panel_of(**changed))
            assert (keys[0, 0] == usual[0, 0]) == same
            # The second block is one series, which is not the one that changed.
            assert (keys[1] == usual[1]).tolist() == [alone or same, alone, alone]

    added = keys_of(name, panel_of(width=SERIES + 1))
    assert (added[0] == usual[0]).tolist() == [alone] * 3
    assert not np.isin(added[1], usual).any()
    assert not np.isin(keys_of(name, panel_of(), software="later"), usual).any()


def test_a_history_that_comes_to_have_two_years_has_other_columns_for_trees_only() -> None:
    panels = [make_panel(make_sales(days, 2)) for days in (723, 730)]
    works = [shards.judging(replace(SHORT, horizon=7, step=7), one.periods) for one in panels]
    both = zip(panels, works, strict=True)
    made = [
        {name: keys_of(name, *one)[0].tolist() for name in ("driver", "lightgbm")} for one in both
    ]

    assert made[0]["driver"][1:] == made[1]["driver"][:2]
    assert not {*made[0]["lightgbm"]} & {*made[1]["lightgbm"]}


def test_trees_that_are_fitted_elsewhere_have_another_key() -> None:
    panel, trees = make_panel(make_sales(60, 3)), zoo()["lightgbm"]
    asked = config.resolve({"horizon": 4, "folds": 3}, frequency="W")

    def at(*origins: int) -> Any:
        work = shards.judging(asked, 60)
        return replace(work, task=replace(work.task, origins=origins))

    def key(origin: int, *origins: int) -> str:
        return str(keys_of("lightgbm", panel, at(*origins))[0, origins.index(origin)])

    # With a year of weeks behind it, trees are fitted at the first origin and on all data.
    assert trees.fitted_at(at(52, 55, 57, 59).task) == (52, 52, 52, 59)
    assert [reuse.needed(trees, at(52, 55, 57, 59), one) for one in ([2], [])] == [(0, 2, 3), (3,)]
    assert key(55, 52, 55, 59) != key(55, 55, 57, 59)
    assert key(59, 52, 55, 59) == key(59, 55, 57, 59)
    # With less they are fitted at each: but not if the first one asked for had a year.
    assert trees.fitted_at(at(47, 51, 55, 59).task) == (47, 51, 55, 59)
    assert key(51, 47, 51, 59) == key(51, 50, 51, 59)
    assert reuse.needed(trees, at(47, 51, 55, 59), [1]) == (1, 3)
    assert reuse.needed(trees, at(47, 52, 55, 59), [1, 2]) == (0, 1, 2, 3)


def test_fits_of_one_model_are_tasks_of_their_own() -> None:
    panel, trees = make_panel(make_sales(60, 3)), zoo()["lightgbm"]
    asked = config.resolve({"horizon": 4, "folds": 2}, frequency="W")
    work = shards.judging(asked, 60)
    year = replace(work, task=replace(work.task, origins=(52, 55, 59)))

    assert reuse.apart(trees, year, [0, 1, 2]) == [(0, 1), (2,)]
    short = replace(work, task=replace(work.task, origins=(40, 45, 49)))
    assert reuse.apart(trees, short, [1, 2]) == [(1,), (2,)]
    assert reuse.apart(trees, short, [0, 1, 2]) == [(0,), (1,), (2,)]

    made = []
    for part in ((0, 1, 2), (0, 1), (2,)):
        some = reuse.only(year, part)
        learned = shards.learn(["lightgbm"], whole_of(panel), some)
        made.append(shards.run(panel, some, learned, lambda _: None)["lightgbm"].values)
    assert np.concatenate(made[1:]).tobytes() == made[0].tobytes()


# Models of single series from a library have much in common; one of them stands for all.
SINGLY = {name for name, one in zoo().items() if one.at_once == 1} - {"mfles"}


@pytest.mark.parametrize("name", sorted(set(zoo()) - set(unavailable()) - SINGLY))
def test_forecasts_from_an_origin_are_the_same_bytes_beside_any_others(name: str) -> None:
    model = zoo()[name]
    width = 30 if model.scope == "local" and model.at_once > 1 else 2
    asked = replace(SHORT, season=7 if model.default else 1)
    longer, shorter = panel_of(PERIODS, width), panel_of(PERIODS - STEPS, width)
    works = [shards.judging(asked, one.periods) for one in (longer, shorter)]

    made = {}
    for panel, work in zip((longer, shorter), works, strict=True):
        learned = shards.learn([name], whole_of(panel), work)
        made[panel.periods] = shards.run(panel, work, learned, lambda _: None)[name].values
    some = reuse.only(works[0], reuse.needed(model, works[0], [1]))
    learned = shards.learn([name], whole_of(longer), some)
    again = shards.run(longer, some, learned, lambda _: None)[name].values

    assert made[PERIODS][0].tobytes() == made[PERIODS - STEPS][1].tobytes()
    assert made[PERIODS][-2:].tobytes() == again[-2:].tobytes()
