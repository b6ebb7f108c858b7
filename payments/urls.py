"""Addresses of money in motion."""

from django.urls import path

from backoffice.work.addresses import addresses
from payments.queues import CHARGEBACKS, DEPOSITS, EXCEPTIONS, REFUNDS, WITHDRAWALS
from payments.views import decision, payment

app_name = "payments"
urlpatterns = [
    *addresses(WITHDRAWALS),
    *addresses(DEPOSITS),
    *addresses(REFUNDS),
    *addresses(EXCEPTIONS),
    *addresses(CHARGEBACKS),
    path("withdrawals/<int:pk>/", decision.detail, name="withdrawal"),
    path("withdrawals/<int:pk>/decide", decision.decide, name="withdrawal-decide"),
    path("withdrawals/<int:pk>/undo", decision.undo, name="withdrawal-undo"),
    path("deposits/<int:pk>/", payment.deposit, name="deposit"),
    path("deposits/<int:pk>/refund", payment.refund_deposit, name="refund-deposit"),
    path("refunds/<int:pk>/", payment.refund, name="refund"),
]
