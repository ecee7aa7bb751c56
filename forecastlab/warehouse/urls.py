from __future__ import annotations

from django.urls import path

from forecastlab.warehouse.views import datasets, imports

app_name = "warehouse"
urlpatterns = [
    path("datasets/", datasets.datasets, name="datasets"),
    path("datasets/<slug:name>/", datasets.dataset, name="dataset-page"),
    path("datasets/<slug:name>/versions/", datasets.dataset_versions, name="dataset-versions"),
    path("datasets/<slug:name>/<int:number>/", datasets.version, name="version-page"),
    path("imports/new/", imports.import_new, name="import"),
    path("imports/map/", imports.import_map, name="import-map"),
    path("imports/<int:job_id>/", imports.import_job, name="import-job"),
    path("imports/<int:job_id>/report/", imports.import_report, name="import-report"),
    path("imports/<int:job_id>/report.json", imports.import_download, name="import-download"),
]
