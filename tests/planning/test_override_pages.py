"""The grid, the form and the file of overrides, as a planner uses them."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.planning.domain.overrides import Scope
from forecastlab.planning.models import Override, OverrideCell
from forecastlab.planning.queries import horizons
from forecastlab.planning.queries.horizons import Horizon
from forecastlab.planning.services import freezes, overrides
from forecastlab.planning.services.overrides import Number, Words
from forecastlab.warehouse.models import Series
from tests.factories import make_user
from tests.planning.forecasts import FIRST, LAST, SECOND, make_forecast

GRID, SAVE = "planning:overrides", "planning:override-save"


@pytest.fixture
def horizon(db: None) -> Horizon:
    return horizons.of_issue(make_forecast())


@pytest.fixture
def alice(horizon: Horizon, client: Client) -> Client:
    client.force_login(horizon.issue.created_by)
    return client


def bo_writes(horizon: Horizon, units: float = 12.0) -> None:
    bo = make_user("bo")
    number = Number(series(), FIRST, units)
    overrides.save(horizon, [number], Words("event"), by=bo, at=timezone.now())


def series(name: str = "S0:P0") -> int:
    return int(Series.objects.get(unique_id=name).pk)


def fields(page: str) -> dict[str, str]:
    """Return what a browser sends of the grid when nothing is typed."""
    form = re.search(r'<form method="post"[^>]*override-form.*?</form>', page, re.DOTALL)
    assert form is not None
    inputs = re.findall(r'name="([^"]+)"(?: value="([^"]*)")?', form[0])
    return {name: value for name, value in inputs if name != "csrfmiddlewaretoken"}


def cell(name: str = "S0:P0", period: str = FIRST) -> str:
    return f"c.{series(name)}.{period}"


def units() -> dict[tuple[str, str], float | None]:
    rows = OverrideCell.objects.values_list("series__unique_id", "period", "units")
    return {(name, period): value for name, period, value in rows}


def test_what_is_typed_into_the_grid_is_saved_and_nothing_else(
    horizon: Horizon, alice: Client
) -> None:
    sent = fields(alice.get(reverse(GRID)).content.decode())

    same = alice.post(reverse(SAVE), {**sent, "reason": "event"}, follow=True)
    typed = {cell(): "12", cell("S0:P1", SECOND): "0"}
    saved = alice.post(reverse(SAVE), {**sent, **typed, "reason": "event"}, follow=True)
    sent = fields(saved.content.decode())
    emptied = alice.post(reverse(SAVE), {**sent, cell(): "", "reason": "model"}, follow=True)

    assert "Nothing was changed." in same.content.decode()
    assert "2 overrides change the forecast by −18 units" in saved.content.decode()
    assert sent[cell()] == "12"
    assert "1 override changes" in emptied.content.decode()
    assert units() == {("S0:P0", FIRST): None, ("S0:P1", SECOND): 0.0}
    assert Override.objects.first().via == "grid"


def test_forms_that_are_of_no_dataset_lead_to_where_one_is_chosen(alice: Client) -> None:
    for form, chosen in (("override-new", GRID), ("publication-new", "planning:publications")):
        answer = alice.get(reverse(f"planning:{form}"))

        assert answer.headers["Location"] == reverse(chosen)


def test_who_saves_over_a_newer_number_sees_who_was_first_and_keeps_what_was_typed(
    horizon: Horizon, alice: Client
) -> None:
    sent = fields(alice.get(reverse(GRID)).content.decode())
    bo_writes(horizon)

    late = alice.post(reverse(SAVE), {**sent, cell(): "15", "reason": "event"})
    told = late.content.decode()
    again = alice.post(reverse(SAVE), {**fields(told), "reason": "event"}, follow=True)

    assert late.status_code == 409
    assert "bo set it to 12" in told
    assert 'aria-invalid="true"' in told
    assert fields(told)[cell()] == "15"
    assert again.status_code == 200
    assert units() == {("S0:P0", FIRST): 15.0}


def test_a_grid_with_a_bad_number_saves_nothing_and_marks_it(
    horizon: Horizon, alice: Client
) -> None:
    sent = fields(alice.get(reverse(GRID)).content.decode())

    bad = alice.post(
        reverse(SAVE), {**sent, cell(): "12", cell("S0:P1"): "many", "reason": "event"}
    )
    reasonless = alice.post(reverse(SAVE), {**sent, cell(): "12"})

    assert bad.status_code == reasonless.status_code == 422
    assert "is not a number" in bad.content.decode()
    assert "This field is required" in reasonless.content.decode()
    assert units() == {}


def test_what_is_frozen_has_no_field(horizon: Horizon, alice: Client) -> None:
    asked = freezes.Asked(Scope("series", "S0:P0"), FIRST, SECOND)
    sent = fields(alice.get(reverse(GRID)).content.decode())
    freezes.make(horizon, asked, by=horizon.issue.created_by, at=timezone.now())

    page = alice.get(reverse(GRID)).content.decode()
    late = alice.post(reverse(SAVE), {**sent, cell(): "15", "reason": "event"})

    assert cell() not in fields(page)
    assert cell("S0:P1") in fields(page)
    assert 'aria-label="Frozen"' in page
    assert late.status_code == 409
    assert "is frozen (freeze" in late.content.decode()
    assert units() == {}


def form_url(**query: str) -> str:
    return reverse("planning:override-new", query={"dataset": "shop", **query})


def test_a_group_is_previewed_and_then_overridden(horizon: Horizon, alice: Client) -> None:
    asked = {"scope": "all", "first": FIRST, "last": LAST, "way": "percent", "amount": "10"}
    bo_writes(horizon)

    shown = alice.get(form_url(**asked), headers={"HX-Request": "true"}).content.decode()
    seen = re.search(r'name="seen" value="(\d+)"', shown)
    assert seen is not None
    sent = {**asked, "seen": seen[1], "reason": "promotion", "note": "Leaflet"}
    stale = alice.post(form_url(), {**sent, "seen": "0"})
    saved = alice.post(form_url(), sent, follow=True)

    assert "<html" not in shown
    assert "This field is required" not in alice.get(form_url(**asked)).content.decode()
    assert "462 units" in shown  # 420 and a tenth more
    assert "bo set it to 12" in shown
    assert (stale.status_code, "bo set it to 12" in stale.content.decode()) == (409, True)
    assert "21 numbers are saved." in saved.content.decode()
    assert units()["S0:P0", FIRST] == 11.0
    log = alice.get(reverse("planning:override-history")).content.decode()
    assert "+10.0" in log
    assert "Leaflet" in log


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"scope": "series", "value": "S9:P9"}, "No forecast series belongs to"),
        ({"scope": "store"}, "needs its name"),
        ({"amount": "lots"}, "is not a number"),
        ({"way": "percent", "amount": "-101"}, "-100 to 10,000"),
        ({"first": LAST, "last": FIRST}, "ends before it begins"),
        ({"reason": ""}, "This field is required"),
    ],
)
def test_a_form_that_means_nothing_says_what_to_do(
    horizon: Horizon, alice: Client, changed: dict[str, str], says: str
) -> None:
    asked = {"scope": "all", "first": FIRST, "last": LAST, "way": "total", "amount": "10"}

    answer = alice.post(form_url(), {**asked, "reason": "event", **changed})

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert units() == {}


def upload(client: Client, text: str, **fields: str) -> tuple[int, str]:
    url = reverse("planning:override-upload", args=["shop"])
    file = SimpleUploadedFile("overrides.csv", text.encode())
    answer = client.post(url, {"file": file, **fields}, follow=True)
    return answer.status_code, answer.content.decode()


def download(client: Client) -> str:
    answer = client.get(reverse("planning:override-download", args=["shop"]))
    return b"".join(answer.streaming_content).decode()


def test_a_table_is_downloaded_edited_and_uploaded(horizon: Horizon, alice: Client) -> None:
    bo_writes(horizon)
    table = download(alice)
    edited = table.replace(f"S0:P2,{LAST},30.0,,,0", f"S0:P2,{LAST},30.0,45.5,weather,0")

    same = upload(alice, table)
    done = upload(alice, edited)

    assert table.splitlines()[0] == "series,period,forecast,override,reason,revision"
    assert table.splitlines()[1] == f"S0:P0,{FIRST},10.0,12.0,event,1"
    assert len(table.splitlines()) == 22
    assert "Nothing was changed." in same[1]
    assert "1 number is saved." in done[1]
    assert units() == {("S0:P0", FIRST): 12.0, ("S0:P2", LAST): 45.5}
    assert Override.objects.latest("pk").reason == "weather"


def test_a_file_with_bad_lines_names_each_and_writes_nothing(
    horizon: Horizon, alice: Client
) -> None:
    """Lines that cannot be read; then some of what is frozen, stale or without a reason."""
    table = download(alice)
    bo_writes(horizon)
    asked = freezes.Asked(Scope("series", "S0:P1"), FIRST, FIRST)
    freezes.make(horizon, asked, by=horizon.issue.created_by, at=timezone.now())
    head = table.splitlines()[0]
    unread = (
        f"{head}\nS0:P2,{FIRST},,7,event,\nS9:P9,{FIRST},,7,event,\nS0:P2,2027-01-01,,7,event,\n"
    )
    refused = (
        f"{head}\nS0:P2,{FIRST},,7,event,0\nS0:P0,{FIRST},,7,event,0\nS0:P1,{FIRST},,7,event,0\n"
    )

    first = upload(alice, unread + f"S0:P2,{SECOND},,x,event,\n")
    second = upload(alice, refused)
    third = upload(alice, f"{head}\nS0:P2,{FIRST},,7,,0\n")

    assert first[0] == second[0] == third[0] == 422
    assert "3 lines cannot be used, so nothing was saved." in first[1]
    for told in ("no forecast of series &#x27;S9:P9&#x27;", "no period &#x27;2027-01-01&#x27;"):
        assert told in first[1]
    assert "2 lines cannot be used" in second[1]
    assert "bo set it to 12" in second[1]
    assert "S0:P1 on Mon 2 Feb is frozen" in second[1]
    assert "The reason is missing." in third[1]
    assert units() == {("S0:P0", FIRST): 12.0}


def test_an_upload_by_a_script_swaps_the_form_or_goes_on(horizon: Horizon, alice: Client) -> None:
    url = reverse("planning:override-upload", args=["shop"])
    head, row = "series,period,forecast,override,reason,revision\n", f"S0:P2,{LAST},,45,weather,0\n"

    def sent(text: str) -> HttpResponse:
        file = SimpleUploadedFile("overrides.csv", text.encode())
        return alice.post(url, {"file": file}, headers={"HX-Request": "true"})

    bad, good = sent(head + f"S9:P9,{LAST},,7,event,\n"), sent(head + row)

    assert (bad.status_code, b"<html" in bad.content) == (422, False)
    assert b"1 line cannot be used" in bad.content
    assert b"no forecast of series &#x27;S9:P9&#x27;" in bad.content
    assert (good.status_code, good.content) == (204, b"")
    assert good.headers["HX-Redirect"] == reverse(GRID, query={"dataset": "shop"})
    assert units() == {("S0:P2", LAST): 45.0}


def test_an_override_is_taken_back_from_the_log_and_both_acts_stay(
    horizon: Horizon, alice: Client
) -> None:
    by, now = horizon.issue.created_by, timezone.now()
    two = [Number(series(), FIRST, 12.0), Number(series(), LAST, 13.0)]
    act = overrides.save(horizon, two, Words("event"), by=make_user("bo"), at=now)
    overrides.save(horizon, [Number(series(), LAST, 14.0)], Words("price"), by=by, at=now)
    assert act is not None
    url = reverse("planning:override-withdraw", args=[act.pk])
    log = reverse("planning:override-history")
    freeze = freezes.make(horizon, freezes.Asked(Scope("all"), FIRST, FIRST), by=by, at=now)

    asked = alice.get(url).content.decode()
    assert f'href="{url}"' in alice.get(log).content.decode()
    frozen = alice.post(url, {"reason": "other"})
    freezes.lift(freeze, by=by, at=now)
    unsaid = alice.post(url, {"reason": ""})
    done = alice.post(url, {"reason": "other", "note": "Cancelled"}, follow=True)
    again = alice.post(url, {"reason": "other"})

    assert "1 of 2" in asked
    assert (frozen.status_code, "is frozen" in frozen.content.decode()) == (409, True)
    assert unsaid.status_code == 422
    assert "1 number is the model&#x27;s again." in done.content.decode()
    assert f"Override {act.pk}, withdrawn" in done.content.decode()
    assert "Cancelled" in done.content.decode()
    assert again.status_code == 409
    # What somebody else has written over it since stays, and so does the log.
    assert units() == {("S0:P0", FIRST): None, ("S0:P0", LAST): 14.0}
    assert Override.objects.count() == 3
    assert Override.objects.latest("pk").scope == {"kind": "withdrawal", "value": str(act.pk)}


def test_the_chart_of_a_series_shows_overrides_as_dots_and_in_words(
    horizon: Horizon, alice: Client
) -> None:
    page = reverse("forecasting:series-page", args=[horizon.issue.pk, series()])
    plain = alice.get(page)
    bo_writes(horizon)

    shown = alice.get(page)

    assert "dots" not in plain.context["page"].chart.plain
    chart = shown.context["page"].chart
    (drawn,) = chart.plain["dots"]
    assert [one for one in drawn["values"] if one is not None] == [12.0]
    assert chart.plain["t"][drawn["values"].index(12.0)] == FIRST
    told = f"Override: 12 on {FIRST} (bo, Event or holiday)"
    assert told in shown.content.decode()
    assert "12 (bo, Event or holiday)" in [row[-1] for row in chart.rows]


def test_a_viewer_reads_and_writes_nothing(horizon: Horizon, client: Client) -> None:
    bob = make_user("bob", role="viewer")
    bob.groups.add(*horizon.dataset.readers.all())
    client.force_login(bob)

    page = client.get(reverse(GRID))

    assert page.status_code == 200
    assert 'name="c.' not in page.content.decode()
    assert client.post(reverse(SAVE), {"dataset": "shop"}).status_code == 403


def test_without_forecasts_the_way_to_a_run_is_shown(client: Client, db: None) -> None:
    client.force_login(make_user("zoe"))

    assert "No forecasts to override yet" in client.get(reverse(GRID)).content.decode()
