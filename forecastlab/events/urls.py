from __future__ import annotations

from django.urls import path

from forecastlab.events import views

app_name = "events"
urlpatterns = [
    path("live/events/<str:stream>", views.events, name="stream-events"),
    path("live/poll", views.poll, name="stream-poll"),
]
