"""Adyen's dialect as a process of its own: Checkout, Transfers, Disputes and webhooks, with books on disk.

    python -m payments.sandboxes.adyen --port 8091 --data DIR --key KEY --hmac HEX --webhook-url URL --seed 1

    POST /v71/payments, /v71/payments/details, /v71/payments/<psp>/refunds                     Idempotency-Key
    POST /btl/v4/transfers    GET /btl/v4/transfers?reference=…    GET /btl/v4/transfers/<id>    GET /bcl/v2/balanceAccounts/<id>
    POST /ca/services/DisputeService/v30/<action>
    GET  /checkoutshopper/threeDS/redirect/<psp>     where a redirect leads: a visit agrees, ?agree=no does not; goes back to returnUrl

A stored payment method forces a fate as Nordpay's tokens do, `tok_redirect` asks for 3-D Secure. A key that comes again gives the first answer
again, whatever it comes with; a reference may come as often as it likes. What is refunded beyond the payment is refused at once, where Adyen may say
so later by REFUND with success false.

    POST /test/behaviour    GET /test/books?prefix=    POST /test/webhook-endpoint
    POST /test/<action>/<psp>        charge-back (a second one is SECOND_CHARGEBACK), charge-back-won, reverse, return, expire, fail, advance
    POST /test/tell/<psp>/<CODE>     a notification that moves nothing, such as REQUEST_FOR_INFORMATION; FORGED is signed wrongly
"""
