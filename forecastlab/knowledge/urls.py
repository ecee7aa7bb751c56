from __future__ import annotations

from django.urls import path

from forecastlab.knowledge.views import changes, documents, search

app_name = "knowledge"
urlpatterns = [
    path("search/", search.search, name="search"),
    path("knowledge/", documents.documents, name="documents"),
    path("knowledge/new/", changes.document_add, name="document-add"),
    path("knowledge/<slug:key>/", documents.document, name="document"),
    path("knowledge/<slug:key>/original/", documents.original, name="document-original"),
    path("knowledge/<slug:key>/settings/", changes.document_settings, name="document-settings"),
    path("knowledge/<slug:key>/edit/", changes.document_edit, name="document-edit"),
    path("knowledge/<slug:key>/file/", changes.document_replace, name="document-replace"),
    path("knowledge/<slug:key>/index/", changes.document_index, name="document-index"),
    path("knowledge/<slug:key>/delete/", changes.document_delete, name="document-delete"),
]
