from __future__ import annotations

from django.urls import path

from forecastlab.warehouse import views

app_name = "warehouse"
urlpatterns = [
    path("datasets/", views.datasets, name="datasets"),
    path("datasets/<slug:name>/", views.dataset, name="dataset-page"),
    path("datasets/<slug:name>/versions/", views.dataset_versions, name="dataset-versions"),
    path("datasets/<slug:name>/<int:number>/", views.version, name="version-page"),
    path("imports/new/", views.import_new, name="import"),
    path("imports/map/", views.import_map, name="import-map"),
    path("imports/<int:job_id>/", views.import_job, name="import-job"),
    path("imports/<int:job_id>/report/", views.import_report, name="import-report"),
    path("imports/<int:job_id>/report.json", views.import_download, name="import-download"),
]
