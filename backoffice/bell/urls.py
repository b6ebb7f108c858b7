"""Addresses of one's own notices."""

from django.urls import path

from backoffice.bell import views

app_name = "bell"
urlpatterns = [
    path("notices/", views.notices, name="notices"),
    path("notices/seen", views.seen_all, name="seen-all"),
    path("notices/<int:pk>/open", views.open_notice, name="open"),
    path("notices/<int:pk>/seen", views.seen, name="seen"),
    path("notices/settings", views.settings, name="settings"),
]
