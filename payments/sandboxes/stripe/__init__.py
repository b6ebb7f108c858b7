"""Stripe's dialect as a process of its own: PaymentIntents, refunds, disputes, files, the balance and webhooks, with books on disk.

    python -m payments.sandboxes.stripe --port 8092 --data DIR --key sk_test --secret whsec --webhook-url URL --seed 1

    POST /v1/payment_intents    POST /v1/refunds                                    forms, Idempotency-Key
    GET  /v1/payment_intents?customer=&created[gte]=    GET /v1/payment_intents/<pi>?expand[0]=latest_charge.balance_transaction
    GET  /v1/refunds?payment_intent=&created[gte]=      GET /v1/refunds/<re>        GET /v1/balance
    GET  /v1/disputes?payment_intent=    POST /v1/disputes/<du>    POST /v1/disputes/<du>/close    POST /v1/files
    GET  /redirect/authenticate/<pi>     where a redirect leads: a visit agrees, ?agree=no does not; goes back to return_url

A payment method forces a fate: `pm_<word>` as Nordpay's `tok_<word>` does, `pm_redirect` asks for 3-D Secure, `pm_fail` is declined, the refund of
`pm_refund_fail` fails. A key that comes again gives the first answer, or an idempotency_error when it comes with something else; metadata may come as often as
it likes. Lists and answers leave the charge out unless it is expanded, as Stripe's do.

    POST /test/behaviour    GET /test/books?prefix=    POST /test/webhook-endpoint
    POST /test/<action>/<pi>        charge-back, charge-back-won, charge-back-lost, inquiry, inquiry-closed, expire, fail, advance
"""
