"""One pooled HTTP session whose calls are bounded in total time and whose addresses are checked before connecting."""

from __future__ import annotations

import io
import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeAlias

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from bot.wechat.errors import AddressError

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve: TypeAlias = Callable[[str, int], Sequence[str]]  # host and port to addresses as text; raises socket.gaierror

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last four bytes

# Not everywhere in the open network, though some Python versions still say so.
_NOT_PUBLIC = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "3fff::/20")))

# When the call that this thread is making must be over, by time.monotonic().
_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a call may take, in seconds."""

    connect: float = 3.0
    read: float = 10.0  # between two pieces of an answer
    call: float = 15.0  # a whole call that answers with JSON
    media: float = 60.0  # a whole photo, voice or video


def resolve_host(host: str, port: int) -> list[str]:
    """Return the addresses of a host; raises socket.gaierror."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Return whether an address is one of the open network, also where an IPv6 address carries an IPv4 one."""
    try:
        ip: IpAddress = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            ip = ipaddress.IPv4Address(ip.packed[12:])
        elif ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip.sixtofour is not None or ip.teredo is not None:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _NOT_PUBLIC)


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Let every call inside be over, answer included, `seconds` from now; the looking up of a name is not counted."""
    mark = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(mark)


def open_session(trusted_origin: str, *, resolve: Resolve = resolve_host, pool_size: int = 8) -> requests.Session:
    """Return a session that takes neither proxies nor cookies from anywhere.

    Calls to `trusted_origin` (scheme, host and port, without a final slash) go wherever its name leads; all others
    only to addresses of the open network. What is connected to is the very address that was checked.
    """
    # urllib3 logs whole addresses, with the token in their query, at its levels below ERROR.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    session = requests.Session()
    session.trust_env = False
    session.headers.clear()
    # What is decompressed would be bounded only after decompressing.
    session.headers.update({"User-Agent": "suishoupai", "Accept": "*/*", "Accept-Encoding": "identity"})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    everywhere = _BoundedAdapter(_Dialler(resolve, only_public=True), pool_size)
    session.mount("http://", everywhere)
    session.mount("https://", everywhere)
    session.mount(f"{trusted_origin}/", _BoundedAdapter(_Dialler(resolve, only_public=False), pool_size))
    return session


@dataclass(frozen=True, slots=True)
class _Dialler:
    """Looks up a host, checks what it leads to, and connects to one of the checked addresses."""

    resolve: Resolve
    only_public: bool

    def connect(self, host: str, port: int, timeout: float | None, options: Any) -> socket.socket:
        """Return a connected socket; raises AddressError, socket.gaierror or another OSError."""
        addresses = self.resolve(host.strip("[]"), port)
        if self.only_public and not all(is_public(address) for address in addresses):
            raise AddressError("a host of the platform leads into a private network")
        failure = OSError("the name leads nowhere")
        for address in addresses:
            left = _deadline.get() - time.monotonic()
            if left <= 0:
                raise TimeoutError("the time for the whole call is over")
            try:
                return create_connection((address, port), _shorter(timeout, left), socket_options=options)
            except OSError as error:
                failure = error
        raise failure


def _shorter(timeout: float | None, left: float) -> float | None:
    shorter = left if timeout is None else min(timeout, left)
    return None if shorter == float("inf") else shorter


class _BoundedReader(io.RawIOBase):
    """The bytes of one answer; each read waits no longer than what is left of the whole call."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._raw = sock.makefile("rb", buffering=0)
        self._socket = sock
        self._timeout = sock.gettimeout()
        self._deadline = _deadline.get()

    def readable(self) -> bool:
        """Return that this is for reading."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there; raises TimeoutError when the time for the whole call is over."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole call is over")
        self._socket.settimeout(_shorter(self._timeout, left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        if not self.closed:
            self._raw.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    """An answer that is read, from its first line on, through a bounded reader."""

    def __init__(self, sock: socket.socket, *arguments: Any, **more: Any) -> None:
        super().__init__(sock, *arguments, **more)
        unbounded = self.fp
        self.fp = io.BufferedReader(_BoundedReader(sock))
        unbounded.close()


class _HTTPConnection(HTTPConnection):
    response_class = _BoundedResponse
    dialler: _Dialler

    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _HTTPSConnection(HTTPSConnection):
    response_class = _BoundedResponse
    dialler: _Dialler

    def _new_conn(self) -> socket.socket:
        return _connect(self)


def _connect(connection: _HTTPConnection | _HTTPSConnection) -> socket.socket:
    timeout = connection.timeout if isinstance(connection.timeout, int | float) else None
    port = connection.port or connection.default_port
    try:
        return connection.dialler.connect(connection.host, port, timeout, connection.socket_options)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "no connection in time") from error
    except (OSError, ssl.SSLError) as error:
        raise NewConnectionError(connection, "no connection") from error


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection
    dialler: _Dialler

    def _new_conn(self) -> Any:
        connection = super()._new_conn()
        connection.dialler = self.dialler  # type: ignore[attr-defined]
        return connection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection
    dialler: _Dialler

    def _new_conn(self) -> Any:
        connection = super()._new_conn()
        connection.dialler = self.dialler  # type: ignore[attr-defined]
        return connection


class _PoolManager(urllib3.PoolManager):
    def __init__(self, dialler: _Dialler, **more: Any) -> None:
        super().__init__(**more)
        self._dialler = dialler
        self.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def _new_pool(self, *arguments: Any, **more: Any) -> HTTPConnectionPool:
        pool = super()._new_pool(*arguments, **more)
        pool.dialler = self._dialler  # type: ignore[attr-defined]
        return pool


class _BoundedAdapter(HTTPAdapter):
    def __init__(self, dialler: _Dialler, pool_size: int) -> None:
        self._dialler = dialler
        super().__init__(pool_connections=4, pool_maxsize=pool_size)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        """Make the pools with our connections."""
        self.poolmanager = _PoolManager(self._dialler, num_pools=connections, maxsize=maxsize, block=block, **more)
