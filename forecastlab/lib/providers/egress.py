"""Where requests may go: to the one host that is configured, openly only on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext as _

from forecastlab.lib.providers.errors import EgressRefused

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Egress:
    """One origin: scheme, host and port."""

    scheme: str
    host: str
    port: int

    def check(self, url: str) -> None:
        """Raise EgressRefused for an address of any other origin."""
        if origin(url) != self:
            raise EgressRefused(
                _("Requests go to %(host)s alone; this one was for another address.")
                % {"host": self.host}
            )


def origin(url: str) -> Egress:
    """Return the origin of an address; raises EgressRefused for what is none."""
    parts = _split(url)
    if parts.scheme not in PORTS or not parts.hostname or parts.username or parts.password:
        raise EgressRefused(
            _("The address of the provider is not one: http(s)://HOST:PORT/PATH is needed."),
            hint=_("Set FORECASTLAB_EMBEDDING_URL, without a name or password in it."),
        )
    return Egress(parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme])


def allowed(url: str, *, key: str) -> Egress:
    """Return where requests may go; raises EgressRefused where a key would travel openly."""
    found = origin(url)
    if key and found.scheme == "http" and not _is_here(found.host):
        raise EgressRefused(
            _("A key is not sent to %(host)s without TLS.") % {"host": found.host},
            hint=_("Set FORECASTLAB_EMBEDDING_URL to an address that begins with https://."),
        )
    return found


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:
        return urlsplit("")
    return parts


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
