"""What has to be in order before the gateway serves: the files that its settings name."""

from collections.abc import Iterator
from typing import Any

from starlette.applications import Starlette

from gateway.app import create_app
from gateway.documents.source import document_source
from gateway.identity.configuration import identity_of
from gateway.observability.traces.tracing import tracing_of
from gateway.payex.upstream import Upstream
from gateway.server.tls import tls_options
from gateway.settings.load import SettingsError
from gateway.settings.settings import PREFIX, Settings
from resolvers.payex.credentials.access import CredentialsError
from schema.subgraph import build_schema, executable


def prepared(settings: Settings) -> tuple[Starlette, dict[str, Any]]:
    """Return the app, and the server's options for HTTPS.

    It reads files, binds nothing and asks nothing over the network.

    Raises:
        SettingsError: it has a sentence for each file that cannot be used.
    """
    try:
        return create_app(settings), tls_options(settings)
    except (SettingsError, CredentialsError) as error:
        sentences = [*_sentences(error), *_objections(settings)]
        raise SettingsError(*dict.fromkeys(sentences)) from None


def _objections(settings: Settings) -> Iterator[str]:
    """Yield what is wrong with each part, since making the app stops at the first."""
    parts = (
        lambda: Upstream(settings),
        lambda: identity_of(settings),
        lambda: document_source(
            settings, schema=executable(build_schema(variant=settings.variant)), shared=None
        ),
        lambda: tls_options(settings),
        lambda: tracing_of(settings, ""),
    )
    for make in parts:
        try:
            make()
        except (SettingsError, CredentialsError) as error:
            yield from _sentences(error)


def _sentences(error: SettingsError | CredentialsError) -> Iterator[str]:
    for sentence in error.args:
        # What is wrong with a file of credentials is told by its path.
        named = isinstance(error, SettingsError) or sentence.startswith(PREFIX)
        yield sentence if named else f"{PREFIX}CREDENTIALS_FILE: {sentence}"
