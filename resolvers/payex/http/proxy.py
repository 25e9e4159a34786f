"""The HTTP proxy for outgoing calls."""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that opens tunnels (`CONNECT`). It does not decrypt the TLS with PayEx.

    Attributes:
        address: scheme, host and port, without user and password.
        user: the user name, if the proxy requires authentication.
        password: the user's password.
    """

    address: str = field(repr=False)
    user: str | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """Return the proxy of a URL such as `http://user:password@proxy.example:3128`.

        Raises:
            ValueError: the URL is not of this form. The message quotes nothing of it.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            # Its text may quote a part of the URL.
            parts, host, port = urlsplit(""), None, None
        if not host or parts.scheme != "http" or parts.path.strip("/") or parts.query:
            raise ValueError("must look like http://user:password@proxy.example:3128")
        host = f"[{host}]" if ":" in host else host
        user = unquote(parts.username) if parts.username is not None else None
        return cls(f"http://{host}:{port or 80}", user, unquote(parts.password or ""))
