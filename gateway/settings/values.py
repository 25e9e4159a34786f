"""The types of single settings, with their checks.

Each check raises a `ValueError` that says what the value must be and repeats no secret.
"""

import difflib
import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from gateway.sandbox import SandboxFault
from resolvers.payex.api.numbers import number_message
from resolvers.payex.http.proxy import Proxy

_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_SERVED_HOST = re.compile(rf"\*|(?:\*\.)?(?:{_HOST.pattern})|\[[0-9A-Fa-f:.]+\]")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OWN_HEADERS = frozenset({"accept", "authorization", "content-type"})


def _origin(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host) or port == 0:
        raise ValueError("must look like https://lf-api.payex.com")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be scheme, host and port only, without a path")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("plain http is for loopback only; use https")
    return f"{parts.scheme}://{parts.netloc}"


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach the host."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _header_value(text: SecretStr) -> SecretStr:
    value = text.get_secret_value()
    if not value or not value.isascii() or not value.isprintable():
        raise ValueError("the value must be printable ASCII, and not empty")
    return text


def _header_name(text: str) -> str:
    if not _HEADER_NAME.fullmatch(text):
        raise ValueError("is not the name of a header")
    if text.lower() in _OWN_HEADERS:
        raise ValueError("is a header that the gateway itself sets")
    return text


def _served_host(text: str) -> str:
    if not _SERVED_HOST.fullmatch(text):
        raise ValueError(
            "must be a name such as usage.example.com, an address without a port, *.example.com "
            "for all names below one, or * for any"
        )
    return text


def _ledger(text: str) -> str:
    if message := number_message("ownerNo", text):
        raise ValueError(message.replace("ownerNo", "a ledger number"))
    return text


def _fault(text: str) -> str:
    SandboxFault.parse(text)
    return text


def _cache_url(text: SecretStr) -> SecretStr:
    if urlsplit(text.get_secret_value()).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must look like redis://host:6379/0")
    return text


CacheUrl = Annotated[SecretStr, AfterValidator(_cache_url)]
"""The URL of a Redis. It may hold a password."""


def _proxy_url(text: SecretStr) -> SecretStr:
    Proxy.parse(text.get_secret_value())
    return text


ProxyUrl = Annotated[SecretStr, AfterValidator(_proxy_url)]
"""The URL of an HTTP proxy. It may hold a password."""

Origin = Annotated[str, AfterValidator(_origin)]
"""Scheme, host and port; plain HTTP on loopback only."""

ServedHost = Annotated[str, AfterValidator(_served_host)]
"""A host that requests may name."""

HeaderName = Annotated[str, AfterValidator(_header_name)]
"""The name of a header that the gateway does not set itself."""

HeaderValue = Annotated[SecretStr, AfterValidator(_header_value)]
"""The value of a header. No text shows it."""

LedgerNumber = Annotated[str, AfterValidator(_ledger)]
"""The number of a ledger."""

FaultText = Annotated[str, AfterValidator(_fault)]
"""A fault of the sandbox, in the form of its command line."""


def nearest(name: str, names: Iterable[str]) -> str:
    """Return a question with the most similar name."""
    near = difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.0)
    return f"did you mean {near[0]}?"
