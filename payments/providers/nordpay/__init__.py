"""Nordpay behind the provider protocol."""

from .adapter import Nordpay

__all__ = ["Nordpay"]
