"""Stripe's currencies, each with the decimals that it takes and those in which it writes amounts, which are not always the same.

ISK and UGX take none and are written with two, always 00. Currencies with three decimals end in 0, so that two of them can be used.
HUF and TWD lack decimals only when Stripe pays out to the merchant's own bank, which is none of ours.
"""

from __future__ import annotations

from collections.abc import Mapping

_NONE = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"
_NONE_WRITTEN_WITH_TWO = "ISK UGX"
_TWO = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC CVE CZK DKK DOP DZD EGP ETB EUR FJD "
    "FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR "
    "MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH "
    "USD UYU UZS WST XCD YER ZAR ZMW"
)
_THREE = "BHD JOD KWD OMR TND"

EXPONENTS: Mapping[str, int] = {code: takes for takes, codes in ((0, _NONE), (0, _NONE_WRITTEN_WITH_TWO), (2, _TWO), (2, _THREE)) for code in codes.split()}
"""Decimals that can be used."""

WRITTEN: Mapping[str, int] = {code: digits for digits, codes in ((0, _NONE), (2, _NONE_WRITTEN_WITH_TWO), (2, _TWO), (3, _THREE)) for code in codes.split()}
"""Decimals of the whole number that stands for an amount."""
