from __future__ import annotations

from django.urls import path

from showcase import views

app_name = "showcase"
urlpatterns = [
    path("", views.home, name="home"),
    path("runs/", views.runs_list, name="runs"),
    path("runs/new/", views.run_new, name="run-new"),
    path("runs/news/", views.runs_new, name="runs-new"),
    path("runs/presets/", views.run_presets_list, name="run-presets"),
    path("runs/presets/save/", views.run_preset_save, name="run-preset-save"),
    path("runs/presets/<str:name>/delete/", views.run_preset_delete, name="run-preset-delete"),
    path("runs/<int:pk>/", views.run, name="run"),
    path("runs/<int:pk>/actions/", views.run_actions, name="run-actions"),
    path("runs/<int:pk>/steps/<slug:step>/log/", views.run_step_log, name="run-step-log"),
    path("runs/<int:pk>/stop/", views.run_stop, name="run-stop"),
    path("runs/<int:pk>/retry/", views.run_retry, name="run-retry"),
]
