from __future__ import annotations

from django.urls import path

from forecastlab.jobs import views

app_name = "jobs"
urlpatterns = [
    path("jobs/", views.job_list, name="jobs"),
    path("jobs/<int:pk>/", views.job_detail, name="job"),
    path("jobs/<int:pk>/actions/", views.job_actions, name="job-actions"),
    path("jobs/<int:pk>/cancel/", views.job_cancel, name="job-cancel"),
]
