"""Where a webhook may go. An address that somebody typed must not become a way into our own network.

The name is looked up once, every address that it has is checked, and the call goes to the one that was checked: a name that points
elsewhere a moment later gains nothing. Redirects are not followed.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _


class Refused(Exception):
    """It does not go there. The message says why, for whoever typed the address."""


@dataclass(frozen=True)
class Target:
    """A checked destination: the address to call and the name that it has to prove."""

    url: str  # with the address in place of the name
    host: str  # with the port, for the Host header
    name: str
    path: str  # with its query


def parse(url: str) -> SplitResult:
    """Without looking the name up. Raises Refused."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as wrong:
        raise Refused(_("That is no address: %(why)s.") % {"why": wrong}) from wrong
    schemes = {"https", "http"} if settings.WEBHOOK_PRIVATE_ADDRESSES else {"https"}
    if parts.scheme not in schemes or not parts.hostname:
        raise Refused(_("Write a whole address that begins with %(schemes)s") % {"schemes": ", ".join(f"{one}://" for one in sorted(schemes))})
    if parts.username or parts.password or parts.fragment:
        raise Refused(_("Leave out user, password and #: requests are signed instead."))
    if any(ord(character) < 33 or ord(character) > 126 for character in url):
        raise Refused(_("An address has no spaces and no letters beyond ASCII."))
    if port == 0:
        raise Refused(_("Port 0 is none."))
    return parts


def resolve(url: str) -> Target:
    """Look the name up and choose the address to call. Raises Refused when any address that it has is inside, OSError when it has none."""
    parts = parse(url)
    assert parts.hostname is not None  # noqa: S101
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = [row[4][0] for row in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)]
    if not settings.WEBHOOK_PRIVATE_ADDRESSES:
        for one in found:
            if not outside(str(one)):
                raise Refused(_("%(name)s is an address inside a network of its own.") % {"name": parts.hostname})
    address = str(found[0])
    literal = f"[{address}]" if ":" in address else address
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.hostname if port in {80, 443} and parts.port is None else f"{parts.hostname}:{port}"
    return Target(f"{parts.scheme}://{literal}:{port}{path}", host, parts.hostname, path)


def outside(address: str) -> bool:
    """Whether it is a public address, also when an IPv4 one is written inside an IPv6 one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return outside(str(inner)) and (ip.ipv4_mapped is not None or ip.is_global)
    return ip.is_global and not ip.is_multicast
