"""Addresses of searching."""

from django.urls import path

from backoffice.search import views

app_name = "search"
urlpatterns = [
    path("search", views.results, name="results"),
    path("search/palette", views.palette, name="palette"),
]
