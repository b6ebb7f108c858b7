"""`/api/`: what machines call, and its documentation. Each app's addresses are written in full (backoffice/urls.py)."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from backoffice.integrations import api, views
from backoffice.integrations.extension import api_views

app_name = "integrations"
platform = api.build()

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/docs", views.docs, name="docs"),
    path(f"{api.ROOT}openapi.json", views.openapi, name="openapi"),
    path(api.ROOT, include((api.urls(platform), "platform"))),
    *api_views.urls(),
    re_path(rf"^{api.ROOT.rstrip('/')}(?:/(?P<rest>.*))?$", api.door(api.nowhere), name="nowhere"),
]
