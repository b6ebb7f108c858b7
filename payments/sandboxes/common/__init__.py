"""What stand-ins for payment companies have in common: books on disk, plans, bad days, webhooks, sockets. Each company's folder adds its dialect.

`engine.Engine` takes payments and moves them along; what it says to the outside (`dialect.Dialect`) is the company's own.
"""
