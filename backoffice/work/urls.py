"""Addresses of the kit of queues that belong to no single queue."""

from django.urls import path

from backoffice.work.views import happening

app_name = "work"
urlpatterns = [
    path("live/", happening.live, name="live"),
    path("live/lines", happening.lines, name="live-lines"),
]
