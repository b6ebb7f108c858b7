"""Addresses of money in motion."""

from django.urls import path

from backoffice.work.addresses import addresses
from payments.lists import LIST
from payments.queues import WITHDRAWALS
from payments.views import decision

app_name = "payments"
urlpatterns = [
    *addresses(WITHDRAWALS),
    *addresses(LIST),
    path("withdrawals/<int:pk>/", decision.detail, name="withdrawal"),
    path("withdrawals/<int:pk>/decide", decision.decide, name="withdrawal-decide"),
    path("withdrawals/<int:pk>/undo", decision.undo, name="withdrawal-undo"),
]
