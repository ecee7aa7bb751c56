"""Overrides, freezes and published forecasts as their services keep them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from forecastlab.accounts.models import User
from forecastlab.events.models import Event
from forecastlab.lib.errors import BadInput
from forecastlab.planning.domain.overrides import Scope, Way
from forecastlab.planning.models import Freeze, Override, OverrideCell, PublishedSeries
from forecastlab.planning.queries import horizons
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.planning.services import freezes, overrides, publications
from forecastlab.planning.services.overrides import Asked, Number, Words
from forecastlab.warehouse.models import Series
from forecastlab.warehouse.services import versions
from tests.factories import make_user, make_version
from tests.jobs.concurrency import overlapping
from tests.planning.forecasts import FIRST, LAST, SECOND, make_horizon, steady_sales

NOW = datetime(2026, 2, 1, 14, 2, tzinfo=UTC)
ALL = Scope("all")
PROMOTION = Words("promotion")


@pytest.fixture
def horizon(db: None) -> Horizon:
    return make_horizon()


def alice() -> User:
    return User.objects.get(username="alice")


def series(name: str = "S0:P0") -> int:
    return int(Series.objects.get(unique_id=name).pk)


def asked(way: Way = Way.TOTAL, amount: int = 100, *, seen: int | None = None) -> Asked:
    return Asked(ALL, FIRST, SECOND, way, Decimal(amount), seen)


def number(units: float | None = 12.0, *, revision: int | None = None) -> Number:
    return Number(series(), FIRST, units, revision)


def units() -> dict[tuple[str, str], float | None]:
    rows = OverrideCell.objects.values_list("series__unique_id", "period", "units")
    return {(name, period): value for name, period, value in rows}


def test_a_group_is_spread_by_the_model_and_keeps_its_total(horizon: Horizon) -> None:
    made = overrides.make(horizon, asked(), Words("event", "Fair"), by=alice(), at=NOW)

    assert (made.numbers, made.first, made.last, made.note) == (6, FIRST, SECOND, "Fair")
    assert sum(value or 0 for value in units().values()) == pytest.approx(100)
    assert units()["S0:P2", FIRST] == 25.0
    told = Event.objects.get(kind="override.made")
    assert (told.payload["numbers"], told.actor) == (6, alice())


def test_going_back_to_the_model_keeps_who_did_it(horizon: Horizon) -> None:
    overrides.make(horizon, asked(), PROMOTION, by=alice(), at=NOW)

    back = Asked(Scope("series", "S0:P1"), FIRST, LAST, Way.MODEL)
    made = overrides.make(horizon, back, PROMOTION, by=alice(), at=NOW)
    with pytest.raises(overrides.NothingToOverride):
        overrides.make(horizon, back, PROMOTION, by=alice(), at=NOW)

    assert made.numbers == 2
    assert units()["S0:P1", FIRST] is None
    assert OverrideCell.objects.get(series=series("S0:P1"), period=FIRST).revision == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (Asked(Scope("store", "nowhere"), FIRST, LAST, Way.TOTAL, Decimal(1)), "value"),
        (Asked(ALL, "2026-03-01", LAST, Way.TOTAL, Decimal(1)), "first"),
        (Asked(ALL, LAST, FIRST, Way.TOTAL, Decimal(1)), "last"),
    ],
)
def test_what_means_nothing_is_refused(horizon: Horizon, wrong: Asked, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        overrides.make(horizon, wrong, PROMOTION, by=alice(), at=NOW)

    assert refused.value.field == field
    assert not Override.objects.exists()


def test_a_number_without_a_reason_is_refused(horizon: Horizon) -> None:
    with pytest.raises(overrides.ReasonMissing, match="There are: promotion"):
        overrides.save(horizon, [number()], Words(""), by=alice(), at=NOW)


def test_who_saves_over_a_newer_override_is_told_who_was_first(horizon: Horizon) -> None:
    bo = make_user("bo")
    overrides.save(horizon, [number(12, revision=0)], PROMOTION, by=bo, at=NOW)

    with pytest.raises(overrides.OverrideChanged) as refused:
        late = [number(15, revision=0), Number(series("S0:P1"), FIRST, 7, 0)]
        overrides.save(horizon, late, PROMOTION, by=alice(), at=NOW)

    assert refused.value.message.startswith(
        "S0:P0 on Mon 2 Feb was changed after you looked: bo set it to 12 at 14:02 UTC on 1 Feb."
    )
    assert units() == {("S0:P0", FIRST): 12.0}


def test_a_preview_that_is_overtaken_is_refused(horizon: Horizon) -> None:
    seen = overrides.preview(horizon, asked()).seen
    overrides.save(horizon, [number(12)], PROMOTION, by=make_user("bo"), at=NOW)

    with pytest.raises(overrides.OverrideChanged, match="bo set it to 12"):
        overrides.make(horizon, asked(seen=seen), PROMOTION, by=alice(), at=NOW)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_change_a_number_at_once_the_second_is_told() -> None:
    """The first has not committed yet: whoever does not wait for it saves over it."""
    horizon = make_horizon()
    bo, cy = make_user("bo"), make_user("cy")

    def second() -> str:
        try:
            overrides.save(horizon, [number(15, revision=0)], PROMOTION, by=cy, at=NOW)
        except overrides.OverrideChanged as error:
            return error.message
        return "saved"

    _made, told = overlapping(
        lambda: overrides.save(horizon, [number(12, revision=0)], PROMOTION, by=bo, at=NOW), second
    )

    assert "bo set it to 12" in told
    assert units() == {("S0:P0", FIRST): 12.0}


def freeze(horizon: Horizon, *, last: str = FIRST) -> Freeze:
    what = freezes.Asked(ALL, FIRST, last)
    return freezes.make(horizon, what, by=User.objects.get(username="alice"), at=NOW)


@pytest.mark.django_db(transaction=True)
def test_an_override_that_comes_while_it_is_frozen_is_refused() -> None:
    """The freeze has not committed yet: whoever does not wait for it writes into what is frozen."""
    horizon = make_horizon()

    def override() -> str:
        try:
            overrides.save(horizon, [number()], PROMOTION, by=alice(), at=NOW)
        except overrides.BucketFrozen as error:
            return error.code
        return "saved"

    _made, told = overlapping(lambda: freeze(horizon), override)

    assert told == "frozen"
    assert units() == {}


@pytest.mark.django_db(transaction=True)
def test_a_freeze_that_comes_while_it_is_overridden_waits_and_holds_it() -> None:
    horizon = make_horizon()

    def override() -> Override | None:
        return overrides.save(horizon, [number()], PROMOTION, by=alice(), at=NOW)

    made, held = overlapping(override, lambda: freeze(horizon))
    with pytest.raises(overrides.BucketFrozen):
        overrides.save(horizon, [number(99)], PROMOTION, by=alice(), at=NOW)

    assert made is not None
    order = list(Event.objects.order_by("seq").values_list("kind", flat=True))
    assert order == ["override.made", "freeze.made"]
    assert held.lifted_at is None
    assert units() == {("S0:P0", FIRST): 12.0}


def test_a_lifted_freeze_lets_overrides_in_again(horizon: Horizon) -> None:
    made = freeze(horizon)
    with pytest.raises(freezes.FrozenAlready):
        freeze(horizon)

    freezes.lift(made, by=alice(), at=NOW)
    with pytest.raises(freezes.LiftedAlready):
        freezes.lift(made, by=alice(), at=NOW)
    overrides.save(horizon, [number()], PROMOTION, by=alice(), at=NOW)

    assert units() == {("S0:P0", FIRST): 12.0}


def test_what_is_sold_already_takes_no_override(horizon: Horizon) -> None:
    make_version(steady_sales(29), by=alice())
    later = horizons.of_issue(horizon.issue)

    with pytest.raises(overrides.PeriodKnown, match="Mon 2 Feb is known already"):
        overrides.save(later, [number()], PROMOTION, by=alice(), at=NOW)
    assert later.labels[later.first_open] == SECOND


def test_a_published_forecast_is_the_model_with_overrides_and_stays_so(horizon: Horizon) -> None:
    overrides.save(horizon, [number(12)], PROMOTION, by=alice(), at=NOW)
    first = publications.publish(horizon, note="Board", by=alice(), at=NOW)
    with pytest.raises(publications.NothingNew):
        publications.publish(horizon, note="", by=alice(), at=NOW)
    overrides.save(horizon, [number(50)], PROMOTION, by=alice(), at=NOW)
    second = publications.publish(horizon, note="", by=alice(), at=NOW)

    row = PublishedSeries.objects.get(publication=first, series=series())
    assert (row.yhat[:2], row.model_yhat[:2]) == ([12.0, 10.0], [10.0, 10.0])
    assert (first.number, first.numbers, first.total) == (1, 1, 422.0)
    assert (second.number, second.total) == (2, 460.0)
    with pytest.raises(IntegrityError), transaction.atomic():
        PublishedSeries.objects.filter(publication=first).update(total=0)


def test_what_overrides_and_published_forecasts_refer_to_is_held(horizon: Horizon) -> None:
    version = horizon.issue.version
    overrides.save(horizon, [number()], PROMOTION, by=alice(), at=NOW)
    publications.publish(horizon, note="", by=alice(), at=NOW)

    held = versions.holders(version)

    assert "1 override was made on forecasts from it" in held
    assert "1 published forecast was made from it" in held
