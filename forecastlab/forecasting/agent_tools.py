from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from pydantic import Field

from forecastlab.accounts.services.access import requester
from forecastlab.forecasting.domain.config import title_of
from forecastlab.forecasting.queries import (
    judgements,
    model_runs,
    promotion_signals,
    promotions,
    representations,
    series_filters,
)
from forecastlab.forecasting.queries.diffs import Difference
from forecastlab.forecasting.services import backtests, forecasts, promotion
from forecastlab.lib import figures
from forecastlab.lib.contributions import Exposure, Signal, ToolContext, ToolResult
from forecastlab.lib.tools import Arguments, agent_tool, becomes, key_of, mark, told
from forecastlab.warehouse.queries import tool_calls

VIEW, ISSUE, PROMOTE = "forecast.view", "forecast.issue", "model.promote"


class Nothing(Arguments):
    pass


class OfBacktest(Arguments):
    backtest: int | None = Field(None, ge=1, description="Its number; empty for the newest.")


class OfServing(Arguments):
    backtest: int | None = Field(
        None, ge=1, description="Its number; empty for the one whose champions serve."
    )


class Weakest(OfServing):
    search: str = Field("", max_length=100, description="A part of the series' name.")
    category: str = Field("", max_length=200, description="A category of products; empty for all.")
    store: str = Field("", max_length=200, description="The code of a store; empty for all.")
    champion: str = Field("", max_length=60, description="Only series that this model serves.")
    limit: int = Field(10, ge=1, le=50, description="How many to list.")


class OfSeries(Arguments):
    series: str = Field(min_length=1, max_length=200, description="The name of the series.")


class Some(Arguments):
    limit: int = Field(20, ge=1, le=50, description="How many to list.")


class Two(Arguments):
    one: int = Field(ge=1, description="The number of a model run.")
    other: int = Field(ge=1, description="The number of the model run beside it.")


class Backtested(Arguments):
    models: list[str] | None = Field(
        None, min_length=1, max_length=30, description="Names of models; empty for the usual ones."
    )
    horizon: int | None = Field(None, ge=1, le=1_000, description="How many periods ahead.")
    folds: int | None = Field(None, ge=1, le=100, description="How many windows are judged.")
    metric: str | None = Field(None, max_length=20, description="What models are ranked by.")


class Issued(Arguments):
    horizon: int | None = Field(None, ge=1, le=1_000, description="How many periods ahead.")
    alias: str = Field("", max_length=140, description="Whose champions serve; empty: the usual.")


class OfRun(Arguments):
    model_run: int = Field(ge=1, description="The number of the model run to point at.")
    alias: str = Field("", max_length=140, description="The alias; empty for the dataset's own.")


class Promoted(OfRun):
    seen: int = Field(ge=1, description="The model run it points at now, as the gates tell.")
    acknowledged: list[str] = Field(
        default_factory=list, max_length=10, description="Gates that do not hold and may be passed."
    )
    note: str = Field("", max_length=500, description="Why, for people to read.")


# -- reading -----------------------------------------------------------------------------------


@agent_tool("list_models", arguments=Nothing, verb=VIEW, has_effect=False)
def list_models(context: ToolContext, _asked: Nothing) -> ToolResult:
    """List the models that can forecast here, the cheapest first."""
    requester(context, VIEW)
    found = representations.models()
    return told({"items": found}, f"{len(found)} models")


@agent_tool("read_backtest", arguments=OfBacktest, verb=VIEW, has_effect=False)
def read_backtest(context: ToolContext, asked: OfBacktest) -> ToolResult:
    """Read how every model did in a backtest of the dataset: errors, bias, windows."""
    call = tool_calls.of(context, VIEW)
    found = judgements.find(call.by, asked.backtest, call.version)
    return told(
        judgements.figures(found), f"Backtest {found.pk}: {title_of(found.best_model)} is best"
    )


@agent_tool("compare_models", arguments=OfServing, verb=VIEW, has_effect=False)
def compare_models(context: ToolContext, asked: OfServing) -> ToolResult:
    """Say which models can be told apart from the best one, and which serve how many series."""
    call = tool_calls.of(context, VIEW)
    found = judgements.serving(call.by, asked.backtest, call.version)
    return told(
        judgements.compared(found), f"Backtest {found.pk}: {title_of(found.best_model)} is best"
    )


@agent_tool("weakest_series", arguments=Weakest, verb=VIEW, has_effect=False)
def weakest_series(context: ToolContext, asked: Weakest) -> ToolResult:
    """List the series whose champions did worst, with the champion of each and its error."""
    call = tool_calls.of(context, VIEW)
    found = judgements.serving(call.by, asked.backtest, call.version)
    wanted = series_filters.Wanted(
        search=asked.search, store=asked.store, category=asked.category, champion=asked.champion
    )
    items = judgements.champions(found, wanted, limit=asked.limit)
    data = {"backtest": found.pk, "metric": found.metric, "items": items}
    return told(data, f"{len(items)} series, the worst first")


@agent_tool("read_forecast", arguments=OfSeries, verb=VIEW, has_effect=False)
def read_forecast(context: ToolContext, asked: OfSeries) -> ToolResult:
    """Read the newest forecast of a series with its intervals, what serves it, and why."""
    call = tool_calls.of(context, VIEW)
    issue = representations.newest(call.by, call.dataset)
    found = judgements.explained(issue, asked.series)
    return told(found, f"{asked.series}: {figures.number(found['total'])} units")


@agent_tool("list_model_runs", arguments=Some, verb=VIEW, has_effect=False)
def list_model_runs(context: ToolContext, asked: Some) -> ToolResult:
    """List trained models of the dataset, newest first, with their errors and aliases."""
    call = tool_calls.of(context, VIEW)
    items, following = representations.model_runs(
        call.by, dataset=call.dataset, limit=asked.limit, cursor=""
    )
    return told({"items": items, "more": bool(following)}, f"{len(items)} model runs")


@agent_tool("compare_model_runs", arguments=Two, verb=VIEW, has_effect=False)
def compare_model_runs(context: ToolContext, asked: Two) -> ToolResult:
    """Say what differs between two model runs: settings, errors, and whether those compare."""
    call = tool_calls.of(context, VIEW)
    one, other = (
        model_runs.of_dataset(pk, call.version, viewer=call.by) for pk in (asked.one, asked.other)
    )
    found = Difference(one, other)
    return told(found.as_json(), found.sentence)


@agent_tool("promotion_gates", arguments=OfRun, verb=VIEW, has_effect=False)
def promotion_gates(context: ToolContext, asked: OfRun) -> ToolResult:
    """Say what the gates would say of pointing an alias at a model run. Changes nothing."""
    found = promotion.told(_run(context, asked), asked.alias)
    held = sum(one["holds"] for one in found["gates"])
    return told(found, f"{held} of {len(found['gates'])} gates hold")


@agent_tool("list_promotions", arguments=Some, verb=VIEW, has_effect=False)
def list_promotions(context: ToolContext, asked: Some) -> ToolResult:
    """List who pointed which alias of the dataset where, newest first."""
    call = tool_calls.of(context, VIEW)
    items, following = promotions.listed(
        call.by, dataset=call.dataset, alias="", limit=asked.limit, cursor=""
    )
    return told({"items": items, "more": bool(following)}, f"{len(items)} promotions")


# -- doing -------------------------------------------------------------------------------------


def _backtest_title(asked: Backtested) -> str:
    models = ", ".join(asked.models) if asked.models else _("the usual models")
    return _("Judge %(models)s") % {"models": models}


def _every_series(context: ToolContext, _asked: Any) -> Exposure:
    return Exposure(tool_calls.of(context, VIEW).version.series_count, "series")


@agent_tool(
    "start_backtest",
    arguments=Backtested,
    verb=ISSUE,
    exposure=_every_series,
    exposure_limit=10_000,
    title=_backtest_title,
)
def start_backtest(context: ToolContext, asked: Backtested) -> ToolResult:
    """Start judging models on the dataset. It takes a while: its job tells when it is done."""
    call = tool_calls.of(context, ISSUE)
    job = backtests.start(
        call.version, asked.model_dump(), by=call.by, at=context.now, key=key_of(context)
    )
    return told({"job": job.pk}, _("Job %(job)s judges models") % {"job": job.pk})


def _issue_title(asked: Issued) -> str:
    return _("Issue forecasts of every series")


def _serving(context: ToolContext, asked: Issued) -> Any:
    call = tool_calls.of(context, VIEW)
    return forecasts.serving(call.version, asked.alias, call.by)


def _issue_preview(context: ToolContext, asked: Issued) -> Sequence[tuple[str, str]]:
    run = _serving(context, asked)
    serves = f"{title_of(run.model)} ({run.pk})" if run else _("what is judged best first")
    horizon = asked.horizon or (run.backtest.config["horizon"] if run else _("the usual"))
    return [(_("Serves"), serves), (_("Periods"), str(horizon))]


def _issue_seen(context: ToolContext, asked: Issued) -> str:
    run = _serving(context, asked)
    return mark(run.pk if run else None)


@agent_tool(
    "issue_forecasts",
    arguments=Issued,
    verb=ISSUE,
    risk="medium",
    exposure=_every_series,
    exposure_limit=10_000,
    seen=_issue_seen,
    title=_issue_title,
    preview=_issue_preview,
)
def issue_forecasts(context: ToolContext, asked: Issued) -> ToolResult:
    """Start forecasting every series of the dataset by the champions behind an alias."""
    call = tool_calls.of(context, ISSUE)
    job = forecasts.start(
        call.version,
        horizon=asked.horizon,
        alias=asked.alias,
        by=call.by,
        at=context.now,
        key=key_of(context),
    )
    return told({"job": job.pk}, _("Job %(job)s issues forecasts") % {"job": job.pk})


def _run(context: ToolContext, asked: OfRun) -> Any:
    call = tool_calls.of(context, VIEW)
    return model_runs.of_dataset(asked.model_run, call.version, viewer=call.by)


def _promotion_exposure(context: ToolContext, asked: Promoted) -> Exposure:
    return Exposure(_run(context, asked).series_count, "series")


def _promotion_seen(context: ToolContext, asked: Promoted) -> str:
    alias = promotion.find(_run(context, asked), asked.alias)
    return mark(alias.pk, alias.model_run_id)


def _promotion_signals(context: ToolContext, asked: Promoted) -> Sequence[Signal]:
    run = _run(context, asked)
    call = tool_calls.of(context, VIEW)
    before = promotion.find(run, asked.alias).model_run
    return [*promotion_signals.of(before, run), *tool_calls.age(call, context)]


def _promotion_title(asked: Promoted) -> str:
    said = {"alias": asked.alias or _("the dataset's alias"), "run": asked.model_run}
    return _("Point %(alias)s at model run %(run)s") % said


def _promotion_preview(context: ToolContext, asked: Promoted) -> Sequence[tuple[str, str]]:
    run = _run(context, asked)
    alias = promotion.find(run, asked.alias)
    now = alias.model_run
    return [
        (_("Alias"), alias.name),
        (
            _("Serves"),
            becomes(f"{title_of(now.model)} ({now.pk})", f"{title_of(run.model)} ({run.pk})"),
        ),
        *[(one.title, one.detail) for one in promotion.asked(now, run)],
    ]


@agent_tool(
    "promote_model_run",
    arguments=Promoted,
    verb=PROMOTE,
    risk="high",
    auto_threshold=95,
    inline_threshold=70,
    exposure=_promotion_exposure,
    seen=_promotion_seen,
    signals=_promotion_signals,
    title=_promotion_title,
    preview=_promotion_preview,
    requires_reason_on="reject",
)
def promote_model_run(context: ToolContext, asked: Promoted) -> ToolResult:
    """Point an alias at a model run, which then serves every series of the dataset."""
    run, by = _run(context, asked), requester(context, PROMOTE)
    decision = promotion.Decision(
        asked.acknowledged, asked.note, seen=asked.seen, operation=key_of(context)
    )
    alias = promotion.find(run, asked.alias)
    made = promotion.promote(alias, run, decision, by=by.pk, at=context.now)
    said = {"alias": alias.name, "run": run.pk}
    found = {"model_run": run.pk, **promotions.told(made)}
    return told(found, _("%(alias)s points at model run %(run)s") % said)
