"""Nordpay, a sandbox payment service provider: its own process, its own HTTP API, its own books.

    python -m payments.sandboxes.nordpay --port 8090 --data DIR --key KEY --secret SECRET --seed 1 --webhook-url URL

It behaves as the real ones do, bad days included, and shares no code with the back office, so that whoever talks to it goes
through the same doors as to a real provider. Everything that it has answered is on disk first: a kill loses nothing.

Requests
    All but `/health` need `Authorization: Bearer KEY`. Bodies are JSON objects; unknown fields are refused. Amounts are text in units
    of the currency ("12.50"), never JSON numbers, with at most the currency's decimals: JPY 0, CAD EUR GBP SEK 2, KWD 3, BTC 8, ETH 18.
    Errors are `{"error": {"code", "message", "field"?}}`.

    POST /v1/deposits                        reference, amount, currency, method, token, return_url?      Idempotency-Key
    POST /v1/payouts                         reference, amount, currency, method, token, name             Idempotency-Key
    POST /v1/payments/<id>/refund            reference, amount?, currency?        Idempotency-Key
    GET  /v1/payments/by-reference/<ref>     404 `payment_not_found`: never heard of it
    GET  /v1/payments/<id>
    GET  /v1/payments?since=&limit=          payments changed since a cursor, oldest change first, each with its movements
    POST /v1/webhook-endpoint                url: where events go from now on
    GET  /health

    A refund without an amount is for all that is left of the deposit. A reference is unique over deposits, payouts and refunds: the
    same one with the same content gives the same payment again, with other content 409 `reference_conflict`. The same idempotency key
    gives the first answer again, word for word; for another request 409 `idempotency_key_reused`. A refusal (4xx) leaves no trace.
    Methods: card, bank, wallet (fiat), crypto (BTC, ETH).

Lifecycles
    deposit  pending -> authorised -> captured -> reversed | charged_back (-> captured when won); failed, expired before capture
             `disputes` of a deposit: id, status (opened, won), amount, fee, currency, reason, evidence_due
    payout   accepted -> sent -> paid -> returned; failed before it leaves
    refund   accepted -> paid; failed
    Cards are authorised in the answer, other methods start pending.

Webhooks
    `{"id", "type", "created", "sequence", "amount", "currency", "fee", "payment": {...}}`; type is `<kind>.<status>` and
    `deposit.charge_back_won`; sequence counts 1, 2, ... within a payment. `Nordpay-Signature: t=<unix>,v1=<hex>` is the HMAC-SHA256 of
    "<t>.<body>" under SECRET, made afresh for each try. Delivered at least once: until any 2xx, with backoff, also after a restart.

Tests and demos
    POST /v1/test/behaviour      set any of the rates (0 to 1) and seconds of `common.behaviour.Behaviour`; {"reset": true} first clears them
    GET  /v1/test/behaviour
    GET  /v1/test/books?prefix=  what was really taken and paid out, per currency and per reference
    POST /v1/test/<action>/<id>  charge-back, charge-back-won, reverse, return, expire, fail, advance (the next planned step, now)

    Fates are drawn from the seed and the reference (for transport also the number of the try), never from the order of requests, so
    that runs repeat. A token forces one, alone or before a colon ("tok_fail:4711"):

    tok_fail            deposit fails; payout fails before it leaves
    tok_refuse          422 `declined`, nothing recorded
    tok_captured        deposit is captured in the answer
    tok_hold            nothing moves by itself
    tok_expire          deposit expires
    tok_reverse         deposit is captured, then reversed
    tok_charge_back     deposit is captured, then charged back
    tok_return          payout is paid, then returned by the bank
    tok_late            taken, answered after `late_seconds`
    tok_timeout         taken, never answered              tok_timeout_before   not taken, never answered
    tok_drop_after      taken, connection closed           tok_drop_before      not taken, connection closed
    tok_http_500_after  taken, answered with 500           tok_http_500         not taken, answered with 500
    tok_garbage         taken, answered with 200 and a body that is no JSON

    `tok_late` and those below it act only while the reference is not yet taken: a repeat of a taken one gets a straight answer.
"""
