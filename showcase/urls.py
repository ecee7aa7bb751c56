from __future__ import annotations

from django.urls import path

from showcase.views import runs

app_name = "showcase"
urlpatterns = [
    path("", runs.home, name="home"),
    path("runs/", runs.runs_list, name="runs"),
    path("runs/new/", runs.run_new, name="run-new"),
    path("runs/news/", runs.runs_new, name="runs-new"),
    path("runs/presets/", runs.run_presets_list, name="run-presets"),
    path("runs/presets/save/", runs.run_preset_save, name="run-preset-save"),
    path("runs/presets/<str:name>/delete/", runs.run_preset_delete, name="run-preset-delete"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/actions/", runs.run_actions, name="run-actions"),
    path("runs/<int:pk>/steps/<slug:step>/log/", runs.run_step_log, name="run-step-log"),
    path("runs/<int:pk>/stop/", runs.run_stop, name="run-stop"),
    path("runs/<int:pk>/retry/", runs.run_retry, name="run-retry"),
]
