"""Addresses of money at rest."""

from django.urls import path

from backoffice.work.addresses import addresses
from wallet import views
from wallet.statements import views as statements
from wallet.unclaimed import views as unclaimed
from wallet.unclaimed.lists import LINES, REMITTANCES
from wallet.unclaimed.queue import LIST as DORMANT

app_name = "wallet"
urlpatterns = [
    path("books/", views.index, name="books"),
    path("books/export", views.export, name="books-export"),
    path("books/<slug:code>/close", views.close, name="books-close"),
    path("players/<int:pk>/statement/", statements.statement, name="statement"),
    *addresses(DORMANT),
    *addresses(REMITTANCES),
    *addresses(LINES),
    path("players/<int:pk>/hand-over/", unclaimed.hand_over, name="hand-over"),
    path("players/<int:pk>/give-back/", unclaimed.give_back, name="give-back"),
    path("unclaimed/<slug:code>/<slug:market>/<slug:currency>/", unclaimed.remit, name="remit"),
    path("remittances/<int:pk>/", unclaimed.remittance, name="remittance"),
    path("remittances/<int:pk>/paid", unclaimed.remittance_paid, name="remittance-paid"),
    path("remittances/<int:pk>/cancel", unclaimed.remittance_cancel, name="remittance-cancel"),
]
