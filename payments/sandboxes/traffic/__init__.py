"""The casino's front ends and their players, played from outside: nothing but the public HTTP interface, and no code of the back office.

    manage.py traffic --url URL [--rate 0.5] [--seed 1] [--duration 0] [--keys FILE] [--state FILE]
    python -m payments.sandboxes.traffic ...          the same, without Django

`--rate` is visits per second. A visit is a player who registers or comes back, signs in, and mostly pays in, waits for the money, or asks
for a withdrawal; some add an instrument just before, some use one of somebody else, some ask for more than one person may approve, some
change their mind. Keys come from a JSON file: {"nova": {"key_id": ..., "secret": ...}} (TRAFFIC_KEYS names it too). The pool of known
players is bounded and kept in `--state`, so that a later run goes on with the same people.

When the server is away, each request is tried again with the same Idempotency-Key until it answers. Once a minute a line of JSON tells
what happened.
"""
