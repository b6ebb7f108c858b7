"""Where payments plugs itself into the kit and into players: schedules, routers, scopes, guards, demo processes, pages."""

from django.utils.translation import gettext_lazy

from backoffice.integrations import scopes
from backoffice.integrations.extension import api_routers, api_views
from backoffice.runtime import schedules
from backoffice.runtime.registry import demo_processes
from backoffice.ui import figures, navigation, tiles
from backoffice.work.queues import register as register_queue
from backoffice.work.views.index import waiting
from payments import demo, facts, happenings, home, lists, measures, probes, queues, search
from players import guards
from players.services import PlayerRefused


def plug_in() -> None:
    facts.register()
    schedules.every(2, task="payments.tasks.sweep")
    scopes.register("payments:read", "See deposits, withdrawals and balances")
    scopes.register("payments:write", "Start deposits, ask for withdrawals and take them back")
    api_routers.register("", "payments.api.router")
    api_views.register("providers/<slug:code>/webhooks", "payments.webhook_views.receive", name="provider-webhooks")
    guards.registration.append(known_currency)
    guards.instruments.append(connected_provider)
    for process in demo.processes():
        demo_processes.register(process)
    withdrawals = navigation.Item(
        "Work", gettext_lazy("Withdrawals"), "payments:withdrawals", "withdraw", "payments.view", count=waiting(queues.WITHDRAWALS), order=10
    )
    navigation.register(withdrawals)
    deposits = lists.LIST
    navigation.register(navigation.Item("Money", deposits.title, deposits.index, deposits.icon, deposits.view, order=10))
    queues.plug_in()
    register_queue(deposits)
    happenings.plug_in()
    measures.plug_in()
    probes.register()
    search.plug_in()
    tiles.register(home.home, permission="payments.view", order=15)
    figures.register(home.figures, permission="payments.view", order=10)


def known_currency(asked: guards.Registration) -> None:
    """A player's currency is one that is set up. Raises PlayerRefused: currency_unknown."""
    from wallet import currencies

    try:
        currencies.get(asked.currency)
    except currencies.UnknownCurrency as unknown:
        raise PlayerRefused(str(unknown), code="currency_unknown") from unknown


def connected_provider(asked: guards.NewInstrument) -> None:
    """An instrument is kept at a provider that is connected, as soon as any is. Raises PlayerRefused: provider_unknown."""
    from payments.providers import registry

    known = registry.codes()
    if known and asked.provider not in known:
        raise PlayerRefused(f"No provider {asked.provider} is connected. Use one of {', '.join(known)}.", code="provider_unknown")
