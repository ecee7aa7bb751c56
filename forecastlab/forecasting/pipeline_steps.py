"""The pipeline's rows from data to verified forecasts."""

from __future__ import annotations

from forecastlab.forecasting.services import backtests, features, registry, training
from forecastlab.lib.contributions import PipelineStep

FEATURES = PipelineStep(
    name="features",
    phase="data",
    title="Lay the data out",
    run=features.prepare,
    after=("status?",),
    weight=2,
    lease_seconds=120,
)
TRAIN = PipelineStep(
    name="train",
    phase="modeling",
    title="Train every model",
    run=training.train,
    after=("features",),
    drawing="forecasting/_step_train.html",
    weight=5,
    lease_seconds=120,
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
)
VERIFY = PipelineStep(
    name="verify",
    phase="verify",
    title="Verify the artefacts",
    run=registry.verify,
    after=("register",),
    weight=0.5,
)
