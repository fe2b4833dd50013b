"""The seam beneath httpx: aiohttp's connections, because httpx's own pool makes the audit slower than the official SDK.

Measured on 5,000 lists of 100 rows (one process, 16 connections, decoded by msgspec): httpx as it comes 37,000 rows a
second, this transport under httpx's client 130,000, this transport called directly 200,000; the SDK with 32 threads
17,000. `make bench` measures it anew.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from gesaudit.cloud import CloudError
from gesaudit.cloud.faults import plain
from gesaudit.model import ErrorKind, Fault
from gesaudit.policy.address import is_loopback
from gesaudit.policy.bound import Target


def open_transport(target: Target) -> httpx.AsyncBaseTransport:
    """Connections to one target. Certificates are verified; redirects are not followed; cookies are not kept.

    Raises CloudError where certificates that the policy or the environment names cannot be read, or its proxy is none.
    """
    url = httpx.URL(target.endpoint)
    context = _tls(target) if url.scheme == "https" else False

    def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=context or True, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=2**18,
            trust_env=False,  # it would read ~/.netrc as well, and send what it finds there
        )

    return AiohttpTransport(client=session, verify=context, proxy=_proxy(url))


def _proxy(url: httpx.URL) -> httpx.Proxy | None:
    """The proxy that the environment names for an address; nobody reaches loopback through one."""
    if is_loopback(url.host) or proxy_bypass(url.host):
        return None
    named = getproxies()
    address = named.get(url.scheme) or named.get("all")
    if not address:
        return None
    try:
        return httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL):  # nothing of it is repeated: it may hold a password
        message = f"the proxy that the environment names for {url.scheme} is no address: correct {url.scheme}_proxy"
        raise CloudError(Fault(ErrorKind.UNREACHABLE, message), answered=False) from None


def _tls(target: Target) -> ssl.SSLContext:
    try:
        context = httpx.create_ssl_context()
    except (OSError, ssl.SSLError) as exc:
        message = f"the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: {exc}"
        raise CloudError(Fault(ErrorKind.UNREACHABLE, message), answered=False) from None
    if target.ca is not None:
        try:
            context.load_verify_locations(target.ca)
        except (OSError, ssl.SSLError) as exc:
            message = f"tls.ca {target.ca} cannot be read as PEM certificates: {exc}"
            raise CloudError(Fault(ErrorKind.UNREACHABLE, message), answered=False) from None
    return context


def explain(exc: BaseException, host: str) -> CloudError:
    """The error that an exception of a request stands for."""
    causes = list(_causes(exc))
    if isinstance(exc, CloudError):
        return exc
    for cause in causes:
        if isinstance(
            cause, ssl.SSLCertVerificationError | ssl.CertificateError | aiohttp.ClientConnectorCertificateError
        ):
            return _unreachable(
                f"the certificate of {host} is not trusted ({plain(str(cause))}): "
                "set tls.ca where the company has an own authority",
                passing=False,
            )
        if isinstance(cause, socket.gaierror | aiohttp.ClientConnectorDNSError):
            return _unreachable(f"the name {host} cannot be resolved ({plain(str(cause))}): check endpoint and DNS")
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return _unreachable(f"TLS with {host} fails ({plain(str(cause))}): check the port, and proxies between")
        if isinstance(cause, ConnectionRefusedError):
            return _unreachable(f"{host} refuses connections: check endpoint, port and proxy")
        if isinstance(cause, httpx.ConnectTimeout | aiohttp.ConnectionTimeoutError) and not _cut(causes):
            return _unreachable(f"{host} does not take connections (timed out): check endpoint, firewall and proxy")
        if isinstance(cause, ConnectionRefusedError):
            return _unreachable(f"{host} refuses connections: check endpoint, port and proxy")
    if any(isinstance(cause, httpx.ReadTimeout | aiohttp.SocketTimeoutError | TimeoutError) for cause in causes):
        return too_slow(host)
    return _broken(causes, host)


def too_slow(host: str) -> CloudError:
    """No whole answer within `collect.timeout`."""
    message = f"{host} did not answer in time: raise collect.timeout, or try again later"
    return CloudError(Fault(ErrorKind.TIMEOUT, message), passing=True, smaller_may_help=True, answered=False)


def _broken(causes: list[BaseException], host: str) -> CloudError:
    """A connection that ended early, or bytes that are no HTTP."""
    root = causes[0]
    if any(
        isinstance(cause, aiohttp.ClientPayloadError | httpx.RemoteProtocolError | httpx.DecodingError)
        for cause in causes
    ):
        message = (
            f"the answer of {host} was cut or garbled ({plain(str(root)) or type(root).__name__}): try again later"
        )
        return CloudError(Fault(ErrorKind.MALFORMED, message), passing=True, smaller_may_help=True)
    if any(isinstance(cause, aiohttp.ClientResponseError | aiohttp.InvalidURL | httpx.InvalidURL) for cause in causes):
        message = f"{host} does not speak HTTP ({plain(str(root))}): check endpoint and port"
        return CloudError(Fault(ErrorKind.MALFORMED, message), passing=True)
    said = plain(str(root)) or type(root).__name__
    return _unreachable(f"the connection to {host} broke ({said}): check the network, or try again later", smaller=True)


def _unreachable(message: str, *, passing: bool = True, smaller: bool = False) -> CloudError:
    return CloudError(Fault(ErrorKind.UNREACHABLE, message), passing=passing, answered=False, smaller_may_help=smaller)


def _cut(causes: list[BaseException]) -> bool:
    # httpx-aiohttp calls a connection that the server closed a connect timeout
    return any(isinstance(cause, aiohttp.ServerDisconnectedError | ConnectionResetError) for cause in causes)


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    seen = 0
    while exc is not None and seen < 8:
        yield exc
        exc, seen = exc.__cause__ or exc.__context__, seen + 1
