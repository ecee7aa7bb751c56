from __future__ import annotations

import io

import polars as pl
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forecastlab.forecasting.models import ForecastIssue
from forecastlab.forecasting.services import forecasts
from forecastlab.warehouse.models import Series
from tests.factories import make_user, make_version, run_job

pytestmark = pytest.mark.django_db

FORMULA = '=HYPERLINK("http://example.org"):=1+1'


def test_a_name_that_is_a_formula_is_text_in_a_spreadsheet(client: Client) -> None:
    alice = make_user()
    version = make_version(by=alice)
    Series.objects.filter(unique_id="S0:P0").update(unique_id=FORMULA)
    run_job(forecasts.start(version, horizon=7, alias="", by=alice, at=timezone.now()))
    issue = ForecastIssue.objects.get()
    client.force_login(alice)

    def names(suffix: str) -> bytes:
        return client.get(reverse("forecasting:issue-download", args=[issue.pk, suffix])).content

    sheet = pl.read_csv(io.BytesIO(names("csv")))["unique_id"].unique().to_list()
    table = pl.read_parquet(io.BytesIO(names("parquet")))["unique_id"].unique().to_list()

    assert f"'{FORMULA}" in sheet
    assert FORMULA not in sheet
    assert FORMULA in table
    assert "S0:P1" in sheet
