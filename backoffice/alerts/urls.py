"""Addresses of alerts and of how their rules stand. Rules are changed under Settings."""

from django.urls import path

from backoffice.alerts import views

app_name = "alerts"
urlpatterns = [
    path("alerts/", views.alerts, name="alerts"),
    path("alerts/<int:pk>/", views.alert, name="alert"),
    path("alerts/<int:pk>/acknowledge", views.acknowledge, name="acknowledge"),
    path("alerts/rules/", views.rules, name="rules"),
    path("alerts/rules/<int:pk>/mute", views.mute, name="mute"),
    path("alerts/rules/<int:pk>/unmute", views.unmute, name="unmute"),
]
