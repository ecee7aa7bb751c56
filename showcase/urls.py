from __future__ import annotations

from django.urls import path

from showcase.views import bundles, comparison, imports, replays, runs, workspaces

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
    path("runs/<int:pk>/keep/", workspaces.run_keep, name="run-keep"),
    path("workspaces/", workspaces.workspaces_list, name="workspaces"),
    path("workspaces/bulk/", workspaces.workspace_bulk, name="workspace-bulk"),
    path("workspaces/tags/", workspaces.workspace_tags, name="workspace-tags"),
    path("workspaces/import/", imports.workspace_import, name="workspace-import"),
    path("workspaces/compare/", comparison.compare, name="workspace-compare"),
    path(
        "workspaces/compare/columns/", comparison.compare_columns, name="workspace-compare-columns"
    ),
    path(
        "workspaces/compare.<table_suffix:suffix>",
        comparison.compare_download,
        name="workspace-compare-download",
    ),
    path("workspaces/<str:name>/", workspaces.workspace, name="workspace"),
    path("workspaces/<str:name>/edit/", workspaces.workspace_edit, name="workspace-edit"),
    path("workspaces/<str:name>/delete/", workspaces.workspace_delete, name="workspace-delete"),
    path("workspaces/<str:name>/replay/", replays.workspace_replay, name="workspace-replay"),
    path("workspaces/<str:name>/replay/reset/", replays.workspace_reset, name="workspace-reset"),
    path("workspaces/<slug:name>/export/", bundles.workspace_export, name="workspace-export"),
    path(
        "workspaces/<slug:name>/export/start/",
        bundles.workspace_export_start,
        name="workspace-export-start",
    ),
    path("workspaces/<slug:name>/bundles/", bundles.workspace_bundles, name="workspace-bundles"),
    path("workspaces/<slug:name>/bundles/<int:pk>/", bundles.bundle_download, name="bundle"),
    path(
        "workspaces/<slug:name>/bundles/<int:pk>/delete/",
        bundles.bundle_delete,
        name="bundle-delete",
    ),
]
