"""Links: references of RFC 3986 in PayEx's bodies, and the paths that they lead to."""

import re
from typing import Final
from urllib.parse import urlsplit

_PORTS = {"https": 443, "http": 80}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_AUTHORITY = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#\\]*")

_FROM_ROOT = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*:/)?/[^\\]*")

NO_LINK: Final = "It is no reference to a path, as RFC 3986 has it."

Origin = tuple[str, str | None, int | None]


def is_from_root(text: str) -> bool:
    """Whether a text is a path from the root, as PayEx documents links, or a URL with a host."""
    return _FROM_ROOT.fullmatch(text) is not None and text.strip().isprintable()


def origin_of(text: str, scheme: str = "") -> Origin | None:
    """Return a URL's origin in one form; None if the URL names a user or has no origin.

    Args:
        text: the URL, or the part before its path.
        scheme: the scheme if the text names none.
    """
    try:
        url = urlsplit(text, scheme)
        port = url.port or _PORTS.get(url.scheme)
    except ValueError:
        return None
    return None if "@" in url.netloc else (url.scheme, url.hostname, port)


def resolved(link: str, base: str, origin: Origin | None) -> str | None:
    """Return the path and query that a link leads to, or None if that is at another origin.

    Blanks around the link and its fragment are dropped; dot segments are resolved.

    Args:
        link: the link.
        base: the path and query of its page; without it, no link is relative.
        origin: the origin that an absolute link may name; without it, none may.

    Raises:
        ValueError: it is no link to a path. The message does not repeat it.
    """
    link = link.strip()
    if not link or not link.isprintable() or "\\" in link:
        raise ValueError(NO_LINK)
    link = link.partition("#")[0]
    authority = _AUTHORITY.match(link)
    if authority:
        if origin is None or origin_of(authority[0], origin[0]) != origin:
            return None
        link = link[authority.end() :]
    elif not link.startswith("/"):
        if not base or _SCHEME.match(link):
            raise ValueError(NO_LINK)
        link = _relative(link, base)
    path, mark, query = link.partition("?")
    return _without_dots(path) + mark + query


def _relative(link: str, base: str) -> str:
    if not link:
        return base
    page = base.partition("?")[0]
    return page + link if link.startswith("?") else f"{page.rpartition('/')[0]}/{link}"


def _without_dots(path: str) -> str:
    """Return a path without dot segments (RFC 3986, section 5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == ".." and len(kept) > 1:
            kept.pop()
        elif segment not in {".", ".."}:
            kept.append(segment)
    return "/".join(kept) + ("/" if segments[-1] in {".", ".."} else "")
