"""Which addresses may be fetched when a message names one."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from bot.wechat.errors import AddressError

_ADDRESS = re.compile(r"[!#-;=?-\[\]_a-z~%]{1,2048}")  # visible ASCII without quotes, backslash, braces and the like
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class AllowedAddresses:
    """The hosts of the platform's photos and videos, and the origin of its API.

    `hosts` are names in lower case; one that begins with a dot allows every name that ends so. `own_origin` is scheme,
    host and port of the API, which may be any address since the operator wrote it.
    """

    hosts: Collection[str]
    own_origin: str

    def check(self, address: str) -> str:
        """Return the address to fetch for one that came in a message; raises AddressError.

        Photos are named by http:// in real messages although their hosts speak https, so it is that which is used.
        """
        parts = _split(address)
        origin = get_origin(parts)
        query = f"?{parts.query}" if parts.query else ""
        rest = (parts.path or "/") + query
        if origin == self.own_origin:
            return origin + rest
        host = parts.hostname or ""
        is_allowed = any(
            host.endswith(allowed) if allowed.startswith(".") else host == allowed for allowed in self.hosts
        )
        if not is_allowed or not _HOST.fullmatch(host):
            raise AddressError("the host is none of the platform's")
        if parts.port not in {None, _DEFAULT_PORTS[parts.scheme]}:
            raise AddressError("the port is not the usual one")
        return f"https://{host}{rest}"

    def check_redirect(self, base: str, location: str) -> str:
        """Return the address to fetch for a redirect met at `base`; raises AddressError."""
        try:
            address = urljoin(base, location) if _ADDRESS.fullmatch(location) else ""
        except ValueError:
            address = ""  # refused below, outside of this handler
        return self.check(address)


def get_origin(parts: SplitResult) -> str:
    """Return scheme, host and port, the latter only where it is not the usual one."""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    is_usual = parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)}
    return f"{parts.scheme}://{host}" + ("" if is_usual else f":{parts.port}")


def _split(address: str) -> SplitResult:
    refusal = ""
    if not _ADDRESS.fullmatch(address):
        refusal = "the address is malformed"
    else:
        try:
            parts = urlsplit(address)
            port_is_given = parts.port != 0
        except ValueError:
            refusal = "the address is malformed"
        else:
            if parts.scheme not in _DEFAULT_PORTS:
                refusal = "neither http nor https"
            elif "@" in parts.netloc or not parts.hostname or not port_is_given:
                refusal = "the address is malformed"
    if refusal:
        raise AddressError(refusal)
    return parts
