"""HTTPS: the server's certificate, reloaded when its files change, and clients' certificates."""

import ssl
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from gateway.server.peer_certificates import PeerCertificateProtocol
from gateway.settings.load import SettingsError
from gateway.settings.settings import PREFIX, Settings
from resolvers.payex.credentials.access import CredentialsError
from resolvers.payex.credentials.client_certificate import ClientCertificate
from resolvers.payex.credentials.reloading import ReloadingFiles
from resolvers.payex.credentials.tls import as_der, pem_certificates
from resolvers.payex.credentials.watched_files import File, WatchedFiles


def tls_options(settings: Settings) -> dict[str, Any]:
    """Return the options of `uvicorn.Config` for HTTPS; none for plain HTTP.

    Raises:
        SettingsError: certificate, key or authorities cannot be used.
    """
    served = served_certificate(settings)
    if served is None:
        return {}
    try:
        served.load(WatchedFiles())
    except CredentialsError as error:
        raise SettingsError(str(error)) from None
    return {"http": PeerCertificateProtocol, "ssl_context_factory": served}


def served_certificate(settings: Settings) -> "ServedCertificate | None":
    """Return the certificate that HTTPS is served with; None for plain HTTP."""
    certificate = _file(settings, "tls_certificate_file")
    if certificate is None:
        return None
    return ServedCertificate(
        ClientCertificate(
            certificate=certificate,
            key=_file(settings, "tls_key_file"),
            passphrase=_file(settings, "tls_key_passphrase_file"),
        ),
        _file(settings, "tls_client_ca_file"),
        settings.credentials_poll,
    )


@dataclass(frozen=True, slots=True)
class ServedCertificate:
    """Makes the TLS context of a server. It is handed to each server process, and so holds files.

    Attributes:
        certificate: the server's certificate and key.
        authorities: who issues clients' certificates; None asks clients for none.
        poll: seconds between two looks at the files.
    """

    certificate: ClientCertificate
    authorities: File | None = None
    poll: float = 5.0

    def __call__(self, *_: object) -> ssl.SSLContext:
        """Return the context, as uvicorn asks for it."""
        return renewal_of(self).context

    def load(self, files: WatchedFiles) -> "Served":
        """Return what the files hold now.

        It speaks TLS 1.2 and newer, or 1.3 where clients show certificates.

        Raises:
            CredentialsError: the files cannot be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        certificate = self.certificate.read(files).load(context)
        if self.authorities:
            try:
                trusted = pem_certificates(files.read(self.authorities))
            except ValueError as error:
                raise CredentialsError(f"{self.authorities.name}: {error}.") from None
            context.load_verify_locations(cadata=as_der(trusted))
            # Probes show none; what is shown has to be right.
            context.verify_mode = ssl.CERT_OPTIONAL
            # A session that is resumed would let a client in again whose certificate is not looked
            # at any more. In TLS 1.2, Python has no switch for OpenSSL's own memory of sessions.
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.num_tickets = 0
        return Served(context, certificate.not_valid_after_utc)


def renewal(settings: Settings) -> "Renewal | None":
    """Return the renewal of the certificate that this process serves; None for plain HTTP.

    Raises:
        CredentialsError: the files cannot be used.
    """
    served = served_certificate(settings)
    return renewal_of(served) if served else None


@cache
def renewal_of(served: ServedCertificate) -> "Renewal":
    """Return the renewal of a certificate in this process, where one serves it and others watch it.

    Raises:
        CredentialsError: the files cannot be used.
    """
    return Renewal(served)


class Served(NamedTuple):
    """A TLS context, and when its certificate expires, in UTC."""

    context: ssl.SSLContext
    expiry: datetime


class Renewal(ReloadingFiles[Served, WatchedFiles]):
    """Puts the context of the present files before each handshake.

    Attributes:
        context: the context that the server begins with.

    Raises:
        CredentialsError: the files cannot be used.
    """

    _broken_line = "the server's certificate is broken, the former stays in use"
    _mended_line = "the server's certificate is in order again"

    def __init__(self, served: ServedCertificate) -> None:
        self._served = served
        super().__init__(WatchedFiles, poll=served.poll)
        self.context = self.value.context
        self.context.sni_callback = self._renew

    @property
    def expiry(self) -> datetime:
        """When the certificate that is served expires, in UTC."""
        return self.value.expiry

    def _renew(self, connection: ssl.SSLObject, *_: object) -> None:
        connection.context = self.value.context

    def _load(self, files: WatchedFiles, _: Served | None) -> Served:
        return self._served.load(files)

    def _took_up(self, _: Served) -> None:
        self._log.info("took up a changed certificate of the server")


def _file(settings: Settings, name: str) -> File | None:
    path: str | None = getattr(settings, name)
    return File(Path(path), PREFIX + name.upper()) if path else None
