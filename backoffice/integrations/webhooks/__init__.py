"""Telling others what happens: topics that rooms register, endpoints that take some of them, deliveries with their attempts (docs/api.md)."""
