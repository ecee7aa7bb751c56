from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from forecastlab.warehouse.views import (
    calendars,
    changes,
    columns,
    datasets,
    import_profiles,
    imports,
    previews,
    series,
    simulations,
    versions,
)


class TableConverter(StringConverter):
    regex = "facts|series|overview"


register_converter(TableConverter, "version_table")

app_name = "warehouse"
urlpatterns = [
    path("datasets/", datasets.datasets, name="datasets"),
    path("datasets/<slug:name>/", datasets.dataset, name="dataset-page"),
    path("datasets/<slug:name>/versions/", datasets.dataset_versions, name="dataset-versions"),
    path("datasets/<slug:name>/<int:number>/", datasets.version, name="version-page"),
    path("datasets/<slug:name>/<int:number>/series/", series.series, name="series-list"),
    path(
        "datasets/<slug:name>/<int:number>/series/<int:series_id>/",
        series.one_series,
        name="series-page",
    ),
    path(
        "datasets/<slug:name>/<int:number>/<version_table:table>.<table_suffix:suffix>",
        series.version_download,
        name="version-download",
    ),
    path(
        "datasets/<slug:name>/<int:number>/series/<int:series_id>/facts.<table_suffix:suffix>",
        series.series_download,
        name="series-download",
    ),
    path(
        "datasets/<slug:name>/<int:number>/truth.<table_suffix:suffix>",
        simulations.truth_download,
        name="truth-download",
    ),
    path("simulations/new/", simulations.simulate, name="simulate"),
    path("datasets/<slug:name>/history/", versions.history, name="dataset-history"),
    path("datasets/<slug:name>/compare/", versions.compare, name="version-compare"),
    path(
        "datasets/<slug:name>/compare.<table_suffix:suffix>",
        versions.compare_download,
        name="version-compare-download",
    ),
    path("datasets/<slug:name>/calendar/", calendars.calendar, name="dataset-calendar"),
    path(
        "datasets/<slug:name>/calendar.<table_suffix:suffix>",
        calendars.calendar_download,
        name="dataset-calendar-download",
    ),
    path("datasets/<slug:name>/settings/", changes.dataset_settings, name="dataset-settings"),
    path("datasets/<slug:name>/rename/", changes.dataset_rename, name="dataset-rename"),
    path("datasets/<slug:name>/readers/", changes.dataset_readers, name="dataset-readers"),
    path("datasets/<slug:name>/delete/", changes.dataset_delete, name="dataset-delete"),
    path(
        "datasets/<slug:name>/<int:number>/delete/",
        changes.version_delete,
        name="version-delete",
    ),
    path("imports/new/", imports.import_new, name="import"),
    path("imports/map/", columns.import_map, name="import-map"),
    path("imports/discard/", previews.import_discard, name="import-discard"),
    path("imports/profiles/", import_profiles.profiles, name="import-profiles"),
    path(
        "imports/profiles/<int:pk>/delete/",
        import_profiles.profile_delete,
        name="import-profile-delete",
    ),
    path("imports/<int:job_id>/preview/", previews.import_preview, name="import-preview"),
    path(
        "imports/<int:job_id>/preview/found/",
        previews.import_preview_found,
        name="import-preview-found",
    ),
    path(
        "imports/<int:job_id>/preview/stop/",
        previews.import_preview_stop,
        name="import-preview-stop",
    ),
    path(
        "imports/<int:job_id>/preview/import/",
        previews.import_preview_accept,
        name="import-preview-accept",
    ),
    path(
        "imports/<int:job_id>/problems.<table_suffix:suffix>",
        imports.import_problems,
        name="import-problems",
    ),
    path("imports/<int:job_id>/", imports.import_job, name="import-job"),
    path("imports/<int:job_id>/report/", imports.import_report, name="import-report"),
    path("imports/<int:job_id>/report.json", imports.import_download, name="import-download"),
]
