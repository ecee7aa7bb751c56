"""The pipeline's rows from data to verified forecasts."""

from __future__ import annotations

from forecastlab.forecasting.services import (
    backfill,
    backtests,
    batch_steps,
    features,
    registry,
    sameness,
    second_frame,
    teaching,
    training,
)
from forecastlab.lib.contributions import PipelineStep

FEATURES = PipelineStep(
    name="features",
    phase="data",
    title="Lay the data out",
    run=features.prepare,
    drawing="forecasting/_step_features.html",
    after=("status?",),
    weight=2,
    lease_seconds=120,
    content_key=sameness.key,
)
BACKFILL = PipelineStep(
    name="historical_backfill",
    phase="data",
    title="Judge baselines as of earlier",
    run=backfill.fill,
    after=("features",),
    before=("train",),
    tables=("long",),
    drawing="forecasting/_step_backfill.html",
    weight=1,
    lease_seconds=120,
)
TRAIN = PipelineStep(
    name="train",
    phase="modeling",
    title="Train every model",
    run=training.train,
    after=("features",),
    before=("v2_train",),
    drawing="forecasting/_step_train.html",
    weight=5,
    lease_seconds=120,
    content_key=sameness.key,
)
SECOND_FRAME = PipelineStep(
    name="v2_train",
    phase="modeling",
    title="Train on the newest feature frame",
    run=second_frame.train,
    after=("features",),
    before=("backtest",),
    tables=("long",),
    drawing="forecasting/_step_second_frame.html",
    weight=3,
    lease_seconds=600,
)
BACKTEST = PipelineStep(
    name="backtest",
    phase="decision",
    title="Judge every model",
    run=backtests.judge,
    after=("train",),
    drawing="forecasting/_step_backtest.html",
    weight=3,
    lease_seconds=120,
    content_key=sameness.key,
    lasts=sameness.judged_lasts,
)
REGISTER = PipelineStep(
    name="register",
    phase="decision",
    title="Register and store forecasts",
    run=registry.register,
    after=("backtest",),
    drawing="forecasting/_step_register.html",
    weight=2,
    lease_seconds=120,
    content_key=sameness.key,
    lasts=sameness.registered_lasts,
    again=sameness.point_again,
)
COMPARE_CHAMPION = PipelineStep(
    name="champion_compat_compare",
    phase="decision",
    title="Compare with the newer feature frame",
    run=teaching.compare_champion,
    after=("register", "v2_train"),
    before=("verify",),
    tables=("long",),
    drawing="forecasting/_step_compare_champion.html",
    weight=0.2,
)
STALE_ALIAS = PipelineStep(
    name="stale_alias_trigger",
    phase="decision",
    title="Show when an alias is stale",
    run=teaching.make_alias_stale,
    after=("champion_compat_compare", "features"),
    before=("verify",),
    tables=("long",),
    drawing="forecasting/_step_stale_alias.html",
    weight=3,
    lease_seconds=600,
)
SAFER_PROMOTE = PipelineStep(
    name="safer_promote_flow",
    phase="decision",
    title="Show the gates of a promotion",
    run=teaching.promote_safely,
    after=("stale_alias_trigger",),
    before=("verify",),
    tables=("long",),
    drawing="forecasting/_step_safer_promote.html",
    weight=0.3,
)
BATCH = PipelineStep(
    name="batch_preset",
    phase="portfolio",
    title="Sweep baselines as a batch",
    run=batch_steps.sweep,
    after=("safer_promote_flow?", "register"),
    before=("verify",),
    tables=("long",),
    drawing="forecasting/_step_batch.html",
    weight=1,
    lease_seconds=120,
    isolated=True,
    observe=batch_steps.follow,
)
VERIFY = PipelineStep(
    name="verify",
    phase="verify",
    title="Verify the artefacts",
    run=registry.verify,
    drawing="forecasting/_step_verify.html",
    after=("register",),
    weight=0.5,
)
