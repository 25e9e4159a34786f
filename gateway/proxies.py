"""Which proxy the environment names for PayEx, as other programs read it."""

from collections.abc import Mapping
from urllib.parse import urlsplit


def proxy_of(origin: object, environment: Mapping[str, str]) -> str | None:
    """Return the URL of the proxy for an origin, as it stands there.

    `HTTPS_PROXY`, else `ALL_PROXY`, unless `NO_PROXY` names the host: by itself, by a domain that
    it is in, with its port, or as `*`. Names in small letters win. Plain HTTP, which is for
    loopback, needs none.

    Args:
        origin: where PayEx is; anything else has no proxy.
        environment: the variables.
    """
    try:
        parts = urlsplit(str(origin))
        host, port = (parts.hostname or "").lower(), parts.port or 443
    except ValueError:
        return None
    if parts.scheme != "https" or _goes_without(host, port, _found("NO_PROXY", environment)):
        return None
    return _found("HTTPS_PROXY", environment) or _found("ALL_PROXY", environment) or None


def _found(name: str, environment: Mapping[str, str]) -> str:
    return environment.get(name.lower()) or environment.get(name) or ""


def _goes_without(host: str, port: int, names: str) -> bool:
    for entry in names.lower().split(","):
        name = entry.strip().removesuffix(f":{port}").removeprefix("*.").removeprefix(".")
        if name and (name in {"*", host} or host.endswith(f".{name}")):
            return True
    return False
