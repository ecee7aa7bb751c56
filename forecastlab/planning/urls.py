from __future__ import annotations

from django.urls import path

from forecastlab.planning.views import freezes, overrides, plans, publications, withdrawals

app_name = "planning"
urlpatterns = [
    path("plans/", plans.plan_listing, name="plans"),
    path("plans/new/", plans.plan_new, name="plan-new"),
    path("plans/compare/", plans.plan_compare, name="plan-compare"),
    path("plans/<int:pk>/", plans.plan, name="plan"),
    path("plans/<int:pk>/edit/", plans.plan_edit, name="plan-edit"),
    path("plans/<int:pk>/clone/", plans.plan_clone, name="plan-clone"),
    path("plans/<int:pk>/retry/", plans.plan_retry, name="plan-retry"),
    path("plans/<int:pk>/delete/", plans.plan_delete, name="plan-delete"),
    path("plans/<int:pk>/plan.json", plans.plan_json, name="plan-json"),
    path("plans/<int:pk>/figures.<table_suffix:suffix>", plans.plan_download, name="plan-download"),
    path("plans/overrides/", overrides.override_grid, name="overrides"),
    path("plans/overrides/save/", overrides.override_save, name="override-save"),
    path("plans/overrides/new/", overrides.override_new, name="override-new"),
    path("plans/overrides/log/", overrides.override_history, name="override-history"),
    path(
        "plans/overrides/<int:pk>/withdraw/",
        withdrawals.override_withdraw,
        name="override-withdraw",
    ),
    path(
        "plans/overrides/<slug:name>/overrides.csv",
        overrides.override_download,
        name="override-download",
    ),
    path("plans/overrides/<slug:name>/upload/", overrides.override_upload, name="override-upload"),
    path("plans/freezes/", freezes.freeze_listing, name="freezes"),
    path("plans/freezes/new/", freezes.freeze_new, name="freeze-new"),
    path("plans/freezes/<int:pk>/lift/", freezes.freeze_lift, name="freeze-lift"),
    path("plans/published/", publications.publication_list, name="publications"),
    path("plans/published/new/", publications.publication_new, name="publication-new"),
    path("plans/published/<int:pk>/", publications.publication, name="publication"),
    path(
        "plans/published/<int:pk>/forecast.<table_suffix:suffix>",
        publications.publication_download,
        name="publication-download",
    ),
    path("plans/value-added/", publications.value_added_page, name="value-added"),
]
