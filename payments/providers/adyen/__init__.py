"""Adyen behind the provider protocol."""

from .adapter import Adyen

__all__ = ["Adyen"]
