"""Samples of addresses of what is planned, beside those of `tests/access_samples.py`."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone

from forecastlab.accounts.models import User
from forecastlab.forecasting.models import ForecastIssue
from forecastlab.planning.domain.overrides import Scope, Way
from forecastlab.planning.models import Plan, Publication
from forecastlab.planning.queries import horizons
from forecastlab.planning.services import freezes, overrides, plans, publications
from forecastlab.planning.services.overrides import Asked, Words
from tests.access_samples import SAMPLES as SAMPLES
from tests.access_samples import STREAM_SAMPLES, Sample, guarded_issue, sample
from tests.factories import make_user
from tests.planning.forecasts import FIRST, make_forecast


def guarded_plan(name: str = "Ten percent off") -> Plan:
    """A computed plan of somebody else that only the group `readers` may see."""
    issue = ForecastIssue.objects.select_related("version__dataset", "backtest").first()
    issue = issue or guarded_issue()
    draft = plans.Draft(name, [{"kind": "lifecycle", "stage": "growth"}])
    return plans.save(issue, draft, by=issue.version.created_by, at=timezone.now())


@sample("planning:plan", "planning:plan-json", "planning:plan-clone", "planning:plan-retry")
@sample("planning:plan-delete")
def a_plan(alice: User) -> Sample:
    return Sample({"pk": guarded_plan().pk})


@sample("planning:plan-edit")
def a_plan_to_edit(alice: User) -> Sample:
    return Sample({"pk": guarded_plan().pk}, body={"name": "Another name"})


@sample("planning:plan-download")
def a_plan_to_download(alice: User) -> Sample:
    return Sample({"pk": guarded_plan().pk, "suffix": "csv"})


@sample("planning:plan-compare")
def plans_to_compare(alice: User) -> Sample:
    return Sample(query={"plan": [guarded_plan("One").pk, guarded_plan("Two").pk]})


@sample("api:plan-read", "api:plan-clone")
def a_plan_of_the_api(alice: User) -> Sample:
    return Sample({"plan_id": guarded_plan().scenario_id})


@sample("api:plan-compare")
def plans_of_the_api(alice: User) -> Sample:
    return Sample(body={"plans": [guarded_plan("One").pk, guarded_plan("Two").pk], "by": "units"})


@sample("api:plan-save")
def a_plan_to_save(alice: User) -> Sample:
    stock = {"kind": "inventory", "on_hand_units": 10.0}
    dataset = guarded_issue().version.dataset.name
    return Sample(body={"dataset": dataset, "name": "Ten left", "assumptions": [stock]})


# -- overrides ---------------------------------------------------------------------------------


def guarded_forecast() -> ForecastIssue:
    """A forecast of somebody else that only the group `readers` may see."""
    return make_forecast(by=make_user("owner"))


@sample("planning:override-new")
def a_form_of_overrides(alice: User) -> Sample:
    return Sample(query={"dataset": guarded_forecast().version.dataset.name})


@sample("planning:override-save")
def a_number_to_save(alice: User) -> Sample:
    issue = guarded_forecast()
    first = issue.forecasts.first()
    dataset = {"dataset": issue.version.dataset.name}
    body = {**dataset, "reason": "event", f"c.{first.series_id}.{FIRST}": "12"}
    return Sample(query=dataset, body=body)


@sample("planning:override-download", "planning:override-upload")
def overrides_of_a_dataset(alice: User) -> Sample:
    return Sample({"name": guarded_forecast().version.dataset.name})


@sample("planning:freeze-new", "planning:publication-new")
def a_forecast_to_freeze_or_publish(alice: User) -> Sample:
    return Sample(query={"dataset": guarded_forecast().version.dataset.name})


@sample("planning:freeze-lift", "api:freeze-lift")
def a_freeze(alice: User) -> Sample:
    horizon = horizons.of_issue(guarded_forecast())
    asked = freezes.Asked(Scope("all"), FIRST, FIRST)
    made = freezes.make(horizon, asked, by=horizon.issue.created_by, at=timezone.now())
    return Sample({"pk": made.pk})


def guarded_publication() -> Publication:
    horizon = horizons.of_issue(guarded_forecast())
    by = horizon.issue.created_by
    return publications.publish(horizon, note="", by=by, at=timezone.now())


@sample("planning:publication", "api:publication-read")
def a_published_forecast(alice: User) -> Sample:
    return Sample({"pk": guarded_publication().pk})


@sample("planning:publication-download")
def a_published_forecast_to_download(alice: User) -> Sample:
    return Sample({"pk": guarded_publication().pk, "suffix": "csv"})


@sample("api:override-list", "api:value-added")
def overrides_of_the_api(alice: User) -> Sample:
    return Sample(query={"dataset": guarded_forecast().version.dataset.name})


SPAN = {"scope": {"kind": "all", "value": ""}, "first": FIRST, "last": FIRST}


@sample("api:override-make")
def an_override_to_make(alice: User) -> Sample:
    name = guarded_forecast().version.dataset.name
    return Sample(body={"dataset": name, **SPAN, "way": "total", "amount": 9.0, "reason": "event"})


@sample("api:override-numbers")
def numbers_to_write(alice: User) -> Sample:
    issue = guarded_forecast()
    number = {"series": "S0:P0", "period": FIRST, "units": 9.0}
    return Sample(
        body={"dataset": issue.version.dataset.name, "numbers": [number], "reason": "event"}
    )


@sample("planning:override-withdraw", "api:override-withdraw")
def an_override_to_withdraw(alice: User) -> Sample:
    horizon = horizons.of_issue(guarded_forecast())
    asked = Asked(Scope("all"), FIRST, FIRST, Way.EACH, Decimal(9))
    by = horizon.issue.created_by
    made = overrides.make(horizon, asked, Words("event"), by=by, at=timezone.now())
    return Sample({"pk": made.pk}, body={"reason": "other"})


@sample("api:freeze-make")
def a_freeze_to_make(alice: User) -> Sample:
    return Sample(body={"dataset": guarded_forecast().version.dataset.name, **SPAN})


@sample("api:publication-make")
def a_forecast_to_publish(alice: User) -> Sample:
    return Sample(body={"dataset": guarded_forecast().version.dataset.name})


STREAM_SAMPLES["plan"] = lambda: guarded_plan().stream
