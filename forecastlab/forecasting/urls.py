from __future__ import annotations

from django.urls import path

from forecastlab.forecasting import views
from forecastlab.forecasting.views import batches

app_name = "forecasting"
urlpatterns = [
    path("series/", views.series, name="series"),
    path("series/<int:issue_id>/", views.issue, name="issue"),
    path(
        "series/<int:issue_id>/forecasts.<table_suffix:suffix>",
        views.issue_download,
        name="issue-download",
    ),
    path("series/<int:issue_id>/<int:series_id>/", views.series_page, name="series-page"),
    path(
        "series/<int:issue_id>/<int:series_id>/forecast.<table_suffix:suffix>",
        views.series_download,
        name="series-download",
    ),
    path("models/", views.models, name="models"),
    path("models/runs/", views.model_run_list, name="model-runs"),
    path("models/<int:pk>/", views.model_run, name="model-run"),
    path(
        "models/<int:pk>/compare/<int:other>/",
        views.model_run_compare,
        name="model-run-compare",
    ),
    path("models/<int:pk>/promote/", views.model_run_promote, name="model-run-promote"),
    path("models/backtests/<int:pk>/", views.backtest, name="backtest"),
    path("models/backtests/<int:pk>/champions/", views.champions, name="champions"),
    path("models/backtests/<int:pk>/series/", views.judged_series, name="judged-series"),
    path(
        "models/backtests/<int:pk>/series/<int:series_id>/",
        views.judged_series_page,
        name="judged-series-page",
    ),
    path(
        "models/backtests/<int:pk>/series/<int:series_id>/judged.<table_suffix:suffix>",
        views.judged_series_download,
        name="judged-series-download",
    ),
    path(
        "models/backtests/<int:pk>/<slug:table>.<table_suffix:suffix>",
        views.backtest_download,
        name="backtest-download",
    ),
    path("models/batches/", batches.batch_list, name="batches"),
    path("models/batches/new/", batches.batch_new, name="batch-new"),
    path("models/batches/<int:pk>/", batches.batch, name="batch"),
    path("models/batches/<int:pk>/actions/", batches.batch_actions, name="batch-actions"),
    path("models/batches/<int:pk>/cancel/", batches.batch_cancel, name="batch-cancel"),
    path("models/batches/<int:pk>/retry/", batches.batch_retry, name="batch-retry"),
    path(
        "models/batches/<int:pk>/items.<table_suffix:suffix>",
        batches.batch_download,
        name="batch-download",
    ),
]
