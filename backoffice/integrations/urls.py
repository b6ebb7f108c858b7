"""`/api/`: what machines call, and its documentation. Each app's addresses are written in full (backoffice/urls.py)."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from backoffice.integrations import api, views
from backoffice.integrations.extension import api_views
from backoffice.integrations.webhooks import views as webhooks

app_name = "integrations"
platform = api.build()

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/docs", views.docs, name="docs"),
    path(f"{api.ROOT}openapi.json", views.openapi, name="openapi"),
    path(api.ROOT, include((api.urls(platform), "platform"))),
    *api_views.urls(),
    path("webhooks/", webhooks.endpoints, name="webhooks"),
    path("webhooks/add", webhooks.add, name="webhook-add"),
    path("webhooks/<int:pk>/", webhooks.endpoint, name="webhook"),
    path("webhooks/<int:pk>/active", webhooks.set_active, name="webhook-active"),
    path("webhooks/deliveries/<int:pk>/", webhooks.delivery, name="webhook-delivery"),
    path("webhooks/deliveries/<int:pk>/replay", webhooks.replay, name="webhook-replay"),
    re_path(rf"^{api.ROOT.rstrip('/')}(?:/(?P<rest>.*))?$", api.door(api.nowhere), name="nowhere"),
]
