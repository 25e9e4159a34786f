"""The proxy for PayEx in the environment, by the usual variables."""

from collections.abc import Mapping
from urllib.parse import urlsplit


def proxy_of(origin: object, environment: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the variable that names the proxy for an origin, and its URL.

    `HTTPS_PROXY`, else `ALL_PROXY`, unless `NO_PROXY` names the host: by itself, by a parent
    domain, with its port, or as `*`. Names in lower case win. Plain HTTP, which is for loopback,
    needs no proxy.

    Args:
        origin: PayEx's origin; anything else has no proxy.
        environment: the variables.
    """
    try:
        parts = urlsplit(str(origin))
        host, port = (parts.hostname or "").lower(), parts.port or 443
    except ValueError:
        return None
    names = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    if parts.scheme != "https" or _goes_without(host, port, names):
        return None
    variables = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    return next(((name, environment[name]) for name in variables if environment.get(name)), None)


def _goes_without(host: str, port: int, names: str) -> bool:
    for entry in names.lower().split(","):
        name = entry.strip().removesuffix(f":{port}").removeprefix("*.").removeprefix(".")
        if name and (name in {"*", host} or host.endswith(f".{name}")):
            return True
    return False
