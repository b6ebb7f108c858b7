"""Addresses of money in motion."""

from django.urls import path

from payments.views import decision, queue

app_name = "payments"
urlpatterns = [
    path("withdrawals/", queue.queue, name="withdrawals"),
    path("withdrawals/start", queue.start, name="withdrawals-start"),
    path("withdrawals/<int:pk>/", decision.detail, name="withdrawal"),
    path("withdrawals/<int:pk>/claim", queue.claim, name="withdrawal-claim"),
    path("withdrawals/<int:pk>/heartbeat", queue.heartbeat, name="withdrawal-heartbeat"),
    path("withdrawals/<int:pk>/release", queue.release, name="withdrawal-release"),
    path("withdrawals/<int:pk>/decide", decision.decide, name="withdrawal-decide"),
    path("withdrawals/<int:pk>/undo", decision.undo, name="withdrawal-undo"),
    path("withdrawals/<int:pk>/note", decision.note, name="withdrawal-note"),
]
