"""How long the TLS certificates last, ours as the world sees it and those of providers."""

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from backoffice.runtime.probes import DAYS, Fails, Found, NotKnown, Probe
from backoffice.runtime.probes import register as add

TIMEOUT = 5.0  # seconds for one address
DAY = 86_400
Place = tuple[str, int]

_watched: list[Callable[[], Iterable[str]]] = [lambda: [settings.PUBLIC_URL]]


def watch(addresses: Callable[[], Iterable[str]]) -> None:
    """Watch the certificates of these addresses too. Those that are not https have none."""
    if addresses not in _watched:
        _watched.append(addresses)


def places() -> list[Place]:
    """Each host and port behind https once, in order."""
    urls = [urlsplit(url) for addresses in _watched for url in addresses()]
    return sorted({(url.hostname, url.port or 443) for url in urls if url.scheme == "https" and url.hostname})


def days_left(place: Place) -> float:
    """Raises ssl.SSLCertVerificationError for a certificate that clients refuse, OSError when nobody answers."""
    context = ssl.create_default_context()
    with socket.create_connection(place, timeout=TIMEOUT) as plain, context.wrap_socket(plain, server_hostname=place[0]) as secured:
        certificate = secured.getpeercert() or {}
    return (ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) / DAY


def soonest() -> Found:
    """The certificate that ends first. One that cannot be asked is said to be unknown, unless another one is bad."""
    left: list[tuple[float, str]] = []
    silent: list[str] = []
    for place in places():
        try:
            left.append((days_left(place), place[0]))
        except ssl.SSLCertVerificationError as refused:
            raise Fails(gettext_noop("%(host)s: %(why)s."), host=place[0], why=str(refused.verify_message)) from None
        except OSError:
            silent.append(place[0])
    if not left and not silent:
        raise NotKnown(gettext_noop("Nothing here is reached by https."))
    found = min(left, default=None)
    if found is None or (silent and found[0] > WARNING):
        raise NotKnown(gettext_noop("%(hosts)s did not answer."), hosts=", ".join(silent)[:120])
    return Found(found[0], gettext_noop("%(host)s ends first."), {"host": found[1]})


WARNING, FAILING = 21, 7  # days


def register() -> None:
    add(
        Probe(
            "certificates.days", _("Certificates"), "outside", DAYS, soonest, _("Days until the first TLS certificate of PUBLIC_URL or of a provider ends."),
            _("Renew ours and reload the proxy. For a provider's, tell them; calls fail on the day it ends."), WARNING, FAILING, below=True, every=3_600,
            patience=30,
        )
    )  # fmt: skip
