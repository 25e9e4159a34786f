"""The proxy through which a company's network lets calls out."""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that opens tunnels (`CONNECT`): TLS with PayEx goes through it unopened.

    Attributes:
        address: scheme, host and port, without the user and the password.
        user: who asks it, if it wants to know.
        password: what shows that.
    """

    address: str = field(repr=False)
    user: str | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read a URL such as `http://user:password@proxy.example:3128`.

        Raises:
            ValueError: it is not of this form. The message repeats nothing of it.
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
