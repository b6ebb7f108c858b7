"""Addresses of money at rest."""

from django.urls import path

from wallet import views

app_name = "wallet"
urlpatterns = [
    path("books/", views.index, name="books"),
    path("books/export", views.export, name="books-export"),
    path("books/<slug:code>/close", views.close, name="books-close"),
]
