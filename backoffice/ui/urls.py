from django.contrib.auth.decorators import login_not_required
from django.urls import path

from backoffice.ui import views

app_name = "ui"
urlpatterns = [
    path("", views.home, name="home"),
    path("preferences/", login_not_required(views.preference), name="preference"),
    path("styleguide/", views.style_guide, name="styleguide"),
]
