"""Addresses of changes, settings and their history."""

from django.urls import path

from backoffice.approvals.views import changes, settings

app_name = "approvals"
urlpatterns = [
    path("changes/", changes.inbox, name="inbox"),
    path("changes/<int:pk>/", changes.change, name="change"),
    path("changes/<int:pk>/edit", changes.edit, name="edit"),
    path("changes/<int:pk>/review", changes.review, name="review"),
    path("changes/<int:pk>/decide", changes.decide, name="decide"),
    path("changes/<int:pk>/withdraw", changes.withdraw, name="withdraw"),
    path("settings/", settings.kinds, name="settings"),
    path("settings/<str:kind>/", settings.things, name="things"),
    path("settings/<str:kind>/new", settings.propose, name="propose-new"),
    path("settings/<str:kind>/<str:subject>/", settings.history, name="history"),
    path("settings/<str:kind>/<str:subject>/propose", settings.propose, name="propose"),
    path("settings/<str:kind>/<str:subject>/restore/<int:number>", settings.restore, name="restore"),
]
