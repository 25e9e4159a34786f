"""The credentials that the settings name, watched while the gateway runs."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from gateway.sandbox import TOKENS
from gateway.settings.settings import PREFIX, Settings
from resolvers.payex.credentials.access import Credentials, StaticTokens
from resolvers.payex.credentials.client_certificate import ClientCertificate
from resolvers.payex.credentials.file import CredentialsFile
from resolvers.payex.credentials.layout import Layout, Ledger
from resolvers.payex.credentials.watched_files import File

# The tenant of the settings has no name of its own.
_TENANT = "default"


def credentials_of(settings: Settings) -> Credentials:
    """Return the credentials that the settings name.

    Raises:
        CredentialsError: a file cannot be read, or its content cannot be used.
    """
    if settings.is_sandbox:
        return StaticTokens(TOKENS)
    authorities = _file(settings, "upstream_ca_file")
    if settings.credentials_file:
        return CredentialsFile(
            Path(settings.credentials_file), authorities=authorities, poll=settings.credentials_poll
        )
    if certificate := _file(settings, "client_certificate_file"):
        shown = ClientCertificate(
            certificate=certificate,
            key=_file(settings, "client_key_file"),
            passphrase=_file(settings, "client_key_passphrase_file"),
        )
        layout = Layout(_ledgers(settings.ledger_tokens, _TENANT), {_TENANT: shown})
    elif authorities:
        layout = Layout(_ledgers(settings.ledger_tokens))
    else:
        return StaticTokens(
            {number: token.get_secret_value() for number, token in settings.ledger_tokens.items()}
        )
    return CredentialsFile(layout, authorities=authorities, poll=settings.credentials_poll)


def _ledgers(tokens: Mapping[str, SecretStr], tenant: str | None = None) -> dict[str, Ledger]:
    return {number: Ledger(token, tenant) for number, token in tokens.items()}


def _file(settings: Settings, name: str) -> File | None:
    path: str | None = getattr(settings, name)
    return File(Path(path), PREFIX + name.upper()) if path else None
