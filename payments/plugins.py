"""Where payments plugs itself into the kit and into players: schedules, routers, scopes, guards, demo processes, pages."""

from django.utils.translation import gettext_lazy

from backoffice.integrations import scopes
from backoffice.integrations.extension import api_routers, api_views
from backoffice.runtime import schedules
from backoffice.runtime.registry import demo_processes
from backoffice.ui import figures, navigation, tiles
from backoffice.work.views.index import waiting
from payments import demo, facts, happenings, holdings, home, measures, merging, panels, probes, profiles, queues, search, timeline
from payments.services import failed_transfers
from players import guards
from players.blocks import sources
from players.complaints import services as complaints
from players.messages import occasions
from players.profile import consequences, questions
from players.services import PlayerRefused
from wallet.kinds import Reference
from wallet.statements import names

MONEY = {"amount": "25.00", "currency": "EUR"}  # samples, for previews of messages


def plug_in() -> None:
    facts.register()
    schedules.every(2, task="payments.tasks.sweep")
    schedules.every(60, task="payments.tasks.sweep_exceptions")
    scopes.register("payments:read", "See deposits, withdrawals and balances")
    scopes.register("payments:write", "Start deposits, ask for withdrawals and take them back")
    api_routers.register("", "payments.api.router")
    api_views.register("providers/<slug:code>/webhooks", "payments.webhook_views.receive", name="provider-webhooks")
    guards.registration.append(known_currency)
    guards.instruments.append(connected_provider)
    occasions.register(
        occasions.Occasion("deposit_credited", {"name": "DP-481", **MONEY}), occasions.Occasion("withdrawal_paid", {"name": "WD-481", **MONEY}),
        occasions.Occasion("withdrawal_rejected", {"name": "WD-481", **MONEY, "reason": "The name on your payment method differs."}),
        occasions.Occasion("withdrawal_returned", {"name": "WD-481", **MONEY}),
    )  # fmt: skip
    for process in demo.processes():
        demo_processes.register(process)
    withdrawals = navigation.Item(
        "Work", gettext_lazy("Withdrawals"), "payments:withdrawals", "withdraw", "payments.view", count=waiting(queues.WITHDRAWALS), order=10
    )
    navigation.register(withdrawals)
    for order, queue in ((12, queues.EXCEPTIONS), (14, queues.CHARGEBACKS)):
        navigation.register(navigation.Item("Work", queue.title, queue.index, queue.icon, queue.view, count=waiting(queue), order=order))
    for order, listed in ((10, queues.DEPOSITS), (11, queues.REFUNDS)):
        navigation.register(navigation.Item("Money", listed.title, listed.index, listed.icon, listed.view, order=order))
    queues.plug_in()
    happenings.plug_in()
    measures.plug_in()
    probes.register()
    panels.plug_in()
    merging.plug_in()
    timeline.plug_in()
    holdings.plug_in()
    search.plug_in()
    tiles.register(home.home, permission="payments.view", order=15)
    figures.register(home.figures, permission="payments.view", order=10)
    consequences.register(profiles.says)
    sources.register(failed_transfers.BLOCKS)
    names.register(Reference.DEPOSIT, lambda numbers: {number: f"DP-{number}" for number in numbers})
    names.register(Reference.WITHDRAWAL, lambda numbers: {number: f"WD-{number}" for number in numbers})
    names.register(Reference.REFUND, lambda numbers: {number: f"RF-{number}" for number in numbers})
    names.register(Reference.HOLD, profiles.held_for)
    complaints.payments[:] = [profiles.address_of]
    questions.register(
        questions.Question("last_deposit", gettext_lazy("Amount of the last deposit"), profiles.last_deposit, questions.NUMBER, profiles.same_amount)
    )


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
