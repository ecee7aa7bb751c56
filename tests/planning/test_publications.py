"""Freezes and published forecasts on their pages and by the API."""

from __future__ import annotations

import io

import polars as pl
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.planning.domain import differences
from forecastlab.planning.domain.differences import Side
from forecastlab.planning.models import Freeze, OverrideCell, Publication
from forecastlab.planning.queries import horizons
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.planning.services import overrides
from forecastlab.planning.services.overrides import Number, Words
from forecastlab.warehouse.models import Series
from tests.factories import make_group, make_user, make_version
from tests.planning.forecasts import FIRST, LAST, SECOND, make_forecast, steady_sales


@pytest.fixture
def horizon(db: None) -> Horizon:
    return horizons.of_issue(make_forecast())


@pytest.fixture
def alice(horizon: Horizon, client: Client) -> Client:
    horizon.issue.created_by.groups.add(make_group("approver"))
    client.force_login(horizon.issue.created_by)
    return client


def _series(name: str = "S0:P0") -> int:
    return int(Series.objects.get(unique_id=name).pk)


def override(horizon: Horizon, units: float, name: str = "S0:P0") -> None:
    number = Number(_series(name), FIRST, units)
    by = horizon.issue.created_by
    overrides.save(horizon, [number], Words("promotion"), by=by, at=timezone.now())


def test_differences_are_taken_on_what_both_have() -> None:
    before = Side(["a", "b", "old"], ["1", "2", "3"], _cells([[1, 1, 1], [2, 2, 2], [9, 9, 9]]))
    after = Side(["a", "b", "new"], ["2", "3", "4"], _cells([[1, 1, 5], [2, 4, 2], [7, 7, 7]]))

    found = differences.between(before, after)

    assert (found.labels, found.names, found.common) == (["2", "3"], ["b"], 2)
    assert (found.before.tolist(), found.after.tolist(), found.change) == ([4.0], [6.0], 2.0)
    assert (found.added, found.gone) == (["new"], ["old"])


def _cells(rows: list[list[float]]):
    return pl.DataFrame(rows, orient="row").to_numpy().astype(float)


def publish(client: Client, note: str = "") -> str:
    url = reverse("planning:publication-new", query={"dataset": "shop"})
    return client.post(url, {"note": note}, follow=True).content.decode()


def test_versions_are_published_compared_and_taken_away(horizon: Horizon, alice: Client) -> None:
    override(horizon, 25)
    first = publish(alice, "For the board")
    again = publish(alice)
    override(horizon, 30)
    second = publish(alice)
    newest, oldest = Publication.objects.order_by("-number")
    against = alice.get(newest.get_absolute_url(), {"against": oldest.pk}).content.decode()
    listed = alice.get(reverse("planning:publications")).content.decode()
    url = reverse("planning:publication-download", args=[oldest.pk, "parquet"])
    table = pl.read_parquet(io.BytesIO(b"".join(alice.get(url).streaming_content)))

    assert "<h1>Version 1 is 15 units above the model</h1>" in first
    assert "alice: Promotion" in first
    assert "says exactly the same" in again
    assert "Version 2 is 20 units above the model" in second
    assert "Version 2 is 5.0 units above version 1" in against
    assert "For the board" in listed
    overridden = table.filter(pl.col("overridden_by").is_not_null())
    assert table.height == 21
    assert overridden.rows() == [
        ("S0:P0", _day(FIRST), "seasonal_naive", 10.0, 25.0, "alice", "promotion")
    ]


def test_what_has_changed_since_it_was_shown_is_shown_again_and_not_published(
    horizon: Horizon, alice: Client
) -> None:
    override(horizon, 25)
    url = reverse("planning:publication-new", query={"dataset": "shop"})
    before = alice.get(url).content.decode()
    override(horizon, 30)

    refused = alice.post(url, {"note": "For the board", "seen": seen_in(before)})
    shown = refused.content.decode()
    count = Publication.objects.count()
    alice.post(url, {"note": "For the board", "seen": seen_in(shown)})

    assert (refused.status_code, count) == (409, 0)
    assert "have changed since they were looked at" in shown
    assert "For the board" in shown
    assert seen_in(shown) != seen_in(before)
    assert Publication.objects.get().note == "For the board"


def seen_in(page: str) -> str:
    return page.partition('name="seen" value="')[2].partition('"')[0]


def _day(text: str):
    return pl.Series([text]).str.to_date()[0]


def test_versions_of_forecasts_from_other_days_are_compared_on_common_ones(
    horizon: Horizon, alice: Client
) -> None:
    publish(alice)
    later = make_version(steady_sales(30), by=horizon.issue.created_by)
    make_forecast(later)
    publish(alice)
    newest, oldest = Publication.objects.order_by("-number")
    told = alice.get(reverse("api:publication-read", args=[newest.pk]), {"against": oldest.pk})

    assert (told.json()["against"], len(told.json()["periods"])) == (1, 5)
    assert told.json()["change"] == 0
    page = alice.get(newest.get_absolute_url(), {"against": oldest.pk}).content.decode()
    assert "Version 2 says the same as version 1" in page


def test_an_approver_freezes_and_lifts(horizon: Horizon, alice: Client) -> None:
    url = reverse("planning:freeze-new", query={"dataset": "shop"})
    asked = {"scope": "series", "value": "S0:P0", "first": FIRST, "last": SECOND, "note": "Agreed"}

    wrong = alice.post(url, {**asked, "value": "S9:P9"})
    made = alice.post(url, asked, follow=True).content.decode()
    again = alice.post(url, asked)
    lift = reverse("planning:freeze-lift", args=[Freeze.objects.get().pk])
    lifted = alice.post(lift, follow=True).content.decode()
    twice = alice.post(lift, follow=True).content.decode()

    assert (wrong.status_code, again.status_code) == (422, 409)
    assert "1 freeze is in force" in made
    assert "Agreed" in made
    assert "Nothing is frozen" in lifted
    assert "has lifted this freeze already" in twice


def test_a_planner_freezes_nothing_and_a_stranger_sees_nothing(
    horizon: Horizon, client: Client
) -> None:
    publish_by = horizon.issue.created_by
    client.force_login(publish_by)
    publish(client)

    refused = client.post(reverse("planning:freeze-new", query={"dataset": "shop"}))
    client.force_login(make_user("charlie", role="admin"))
    hidden = [
        client.get(reverse(name)).content.decode()
        for name in ("planning:freezes", "planning:publications", "planning:override-history")
    ]

    number = {"dataset": "shop", "reason": "event", f"c.{_series()}.{FIRST}": "12"}
    unwritten = client.post(reverse("planning:override-save"), number)

    assert (refused.status_code, unwritten.status_code) == (403, 404)
    assert not OverrideCell.objects.exists()
    assert not any("shop" in one for one in hidden)


def test_programs_override_freeze_and_publish(horizon: Horizon, alice: Client) -> None:
    def post(name: str, body: dict[str, object], *args: int) -> tuple[int, dict[str, object]]:
        url = reverse(f"api:{name}", args=args)
        answer = alice.post(url, {"dataset": "shop", **body} if body else {}, "application/json")
        return answer.status_code, answer.json()

    span = {"scope": {"kind": "all"}, "first": FIRST, "last": FIRST}
    number = {"series": "S0:P0", "period": SECOND, "units": 12.5, "revision": 0}

    made = post("override-make", {**span, "way": "total", "amount": 90.0, "reason": "event"})
    one = post("override-numbers", {"numbers": [number], "reason": "price"})
    stale = post("override-numbers", {"numbers": [{**number, "units": 1.0}], "reason": "price"})
    unknown = post("override-make", {**span, "way": "magic", "reason": "event"})
    frozen = post("freeze-make", span)
    held = post("override-make", {**span, "way": "total", "amount": 9.0, "reason": "event"})
    listed = alice.get(reverse("api:override-list"), {"dataset": "shop"}).json()
    published = post("publication-make", {"note": "API"})

    assert (made[0], made[1]["numbers"], made[1]["via"]) == (201, 3, "program")
    assert (one[0], one[1]["reason"]) == (201, "price")
    assert (stale[0], stale[1]["code"]) == (409, "override_changed")
    assert (unknown[0], unknown[1]["field"]) == (422, "way")
    assert frozen[0] == 201
    assert (held[0], held[1]["code"]) == (409, "frozen")
    assert [(one["period"], one["units"]) for one in listed["items"]][-1] == (SECOND, 12.5)
    assert (listed["last"], listed["sold"]) == (LAST, 0)
    assert (published[0], published[1]["overridden"]) == (201, 4)
    freezes = alice.get(reverse("api:freeze-list"), {"dataset": "shop"}).json()["items"]
    assert post("freeze-lift", {}, freezes[0]["freeze"])[1]["lifted_by"] == "alice"
