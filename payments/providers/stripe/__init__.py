"""Stripe behind the provider protocol."""

from .adapter import Stripe

__all__ = ["Stripe"]
