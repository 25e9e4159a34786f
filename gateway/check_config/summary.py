"""What the settings would serve, in a few lines without a secret, for `serve --check-config`."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway import __version__
from gateway.payex.credentials import credentials_of
from gateway.payex.upstream import proxy_to
from gateway.sandbox import TOKENS
from gateway.server.tls import tls_options
from gateway.settings.contradictions import contradictions
from gateway.settings.settings import PREFIX, Settings
from resolvers.payex.credentials.file import CredentialsFile
from resolvers.payex.credentials.layout import read_layout
from resolvers.payex.credentials.watched_files import File, WatchedFiles

_SOON: Final = timedelta(days=21)


def summary(settings: Settings, now: datetime) -> str:
    """Return what would be served, what deserves a second look, and what was not checked.

    Args:
        settings: settings that the gateway can start with.
        now: the time, for the expiry of certificates.

    Raises:
        CredentialsError: a file can no longer be used.
        SettingsError: a setting can no longer be used.
    """
    rows = {
        "listens on": _listener(settings),
        "upstream": _upstream(settings),
        "ledgers": _ledgers(settings),
        "callers": "; ".join(_callers(settings)) or "anyone, without proof",
        "documents": _documents(settings),
        "GraphiQL": "served" if settings.serves_graphiql else "not served",
        "limits": ", ".join(_limits(settings)) or "as by default",
        "shared cache": "none" if settings.cache_url is None else "a Redis or Valkey",
    }
    return "\n".join(
        [
            f"payex-usage-gateway {__version__} can start with these settings.",
            *(f"  {name:<13} {text}" for name, text in rows.items()),
            *(f"warning: {sentence}" for sentence in _warnings(settings, now)),
            *(f"note: {sentence}" for sentence in _notes(settings)),
            "",
        ]
    )


def _listener(settings: Settings) -> str:
    scheme = "https" if settings.tls_certificate_file else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{scheme}://{host}:{settings.port}, processes: {settings.workers}"


def _upstream(settings: Settings) -> str:
    if settings.upstream_origin is None:
        return "none: the embedded sandbox, whose data are invented"
    origin, proxy = urlsplit(settings.upstream_origin).netloc, proxy_to(settings)
    return f"{origin}, through the proxy {urlsplit(proxy.address).netloc}" if proxy else origin


def _ledgers(settings: Settings) -> str:
    if settings.is_sandbox:
        return str(len(TOKENS))
    if settings.credentials_file:
        file = File(Path(settings.credentials_file), settings.credentials_file)
        layout = read_layout(file, WatchedFiles())
        return f"{len(layout.ledgers)}, client certificates: {len(layout.tenants)}"
    certificates = 1 if settings.client_certificate_file else 0
    return f"{len(settings.ledger_tokens)}, client certificates: {certificates}"


def _callers(settings: Settings) -> Iterator[str]:
    if keys := settings.jwt_keys:
        place = f"at {urlsplit(keys).netloc}" if "://" in keys else "in a file"
        yield f"by tokens of {settings.jwt_issuer}, with the keys {place}"
    only = " (nobody else is served)" if settings.router_required else ""
    if settings.router_secret_file:
        yield f"by a router with the secret{only}"
    if settings.tls_client_ca_file:
        yield f"by a router with a client certificate{only}"


def _documents(settings: Settings) -> str:
    if not settings.trusted_documents:
        return "any"
    mode = settings.trusted_documents_mode
    others = "executes and logs" if mode == "log" else "refuses"
    return f"of manifests; GATEWAY_TRUSTED_DOCUMENTS_MODE={mode} {others} others"


def _limits(settings: Settings) -> Iterator[str]:
    """Yield the numbers that differ from their defaults."""
    for name, field in Settings.model_fields.items():
        value, default = getattr(settings, name), field.default
        # A boolean is a number to Python, and no limit.
        if name not in {"port", "workers"} and type(default) in {int, float} and value != default:
            yield f"{PREFIX}{name.upper()}={value} (not {default})"


def _warnings(settings: Settings, now: datetime) -> Iterator[str]:
    if settings.insecure and not settings.identifies:
        yield "GATEWAY_INSECURE is on: whoever reaches the gateway sees every ledger."
    if not settings.is_sandbox:
        if settings.serves_graphiql:
            yield f"GraphiQL is served to everyone (GATEWAY_GRAPHIQL={settings.graphiql})."
        if settings.introspection == "everyone" or (
            settings.introspection == "scope" and not settings.identifies
        ):
            yield f"everyone sees the schema (GATEWAY_INTROSPECTION={settings.introspection})."
        if settings.development:
            yield "GATEWAY_DEVELOPMENT is on: replies tell which upstream calls they took."
    if not settings.csrf_prevention:
        yield (
            "GATEWAY_CSRF_PREVENTION is off: any page can make a browser of your network send "
            "queries."
        )
    yield from contradictions(settings)
    for whose, end in _certificates(settings):
        if end < now + _SOON:
            word = "has expired" if end < now else "expires soon"
            yield f"the certificate of {whose} {word}: {end:%Y-%m-%d %H:%M} UTC."


def _certificates(settings: Settings) -> Iterator[tuple[str, datetime]]:
    """Yield whose certificates there are, and when they expire."""
    if served := tls_options(settings).get("ssl_context_factory"):
        yield "the server", served.load(WatchedFiles()).expiry
    credentials = credentials_of(settings)
    if isinstance(credentials, CredentialsFile):
        for tenant, end in credentials.expiries().items():
            yield f"the tenant {tenant!r}", end


def _notes(settings: Settings) -> Iterator[str]:
    if settings.cost_mode == "measure":
        yield "what an operation costs is told, and not enforced (GATEWAY_COST_MODE=measure)."
    connections, calls = settings.upstream_max_connections, settings.upstream_max_in_flight
    # What was given contradicts it, and is told as that.
    is_default = "upstream_max_in_flight" not in settings.model_fields_set
    if is_default and connections < calls and not settings.credentials_file:
        yield (
            f"{connections} calls are under way at most, since there are no more connections "
            f"(GATEWAY_UPSTREAM_MAX_CONNECTIONS={connections}, "
            f"GATEWAY_UPSTREAM_MAX_IN_FLIGHT={calls})."
        )
    unasked = ["PayEx"] if settings.upstream_origin else []
    if "://" in (settings.jwt_keys or ""):
        unasked.append("the issuer of tokens")
    if settings.cache_url:
        unasked.append("the shared cache")
    others = f", and whether {' and '.join(unasked)} can be reached" if unasked else ""
    yield f"not looked at: whether the port is free{others}."
