"""Addresses of the record."""

from django.urls import path

from backoffice.audit import views

app_name = "audit"
urlpatterns = [
    path("audit/", views.log, name="log"),
    path("audit/<int:pk>/", views.fact, name="fact"),
]
