"""Payment providers: one protocol (`protocol`), one folder per provider, `registry.get(code)` to reach one.

Adding a provider adds a folder with an adapter, and an entry in the PAYMENT_PROVIDERS setting.
"""
