"""HTTPS: the server's certificate, reloaded when its files change, and clients' certificates."""

import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from gateway.server.peer_certificates import PeerCertificateProtocol
from gateway.settings.load import SettingsError
from gateway.settings.settings import PREFIX, Settings
from resolvers.payex.credentials.access import CredentialsError
from resolvers.payex.credentials.client_certificate import ClientCertificate
from resolvers.payex.credentials.tls import as_der, pem_certificates
from resolvers.payex.credentials.watched_files import File, WatchedFiles

logger = logging.getLogger(__name__)


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
        clock: seconds of a monotonic clock.
    """

    certificate: ClientCertificate
    authorities: File | None = None
    poll: float = 5.0
    clock: Callable[[], float] = time.monotonic

    def __call__(self, *_: object) -> ssl.SSLContext:
        """Return the context, as uvicorn asks for it."""
        return renewal_of(self).first

    def load(self, files: WatchedFiles) -> tuple[ssl.SSLContext, datetime]:
        """Return a context with what the files hold now, and when the certificate expires, in UTC.

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
        return context, certificate.not_valid_after_utc


@cache
def renewal_of(served: ServedCertificate) -> "Renewal":
    """Return the renewal of a certificate in this process, where one serves it and others watch it.

    Raises:
        CredentialsError: the files cannot be used.
    """
    return Renewal(served)


class Renewal:
    """Puts the context of the present files before each handshake.

    Attributes:
        first: the context that the server begins with.
        expiry: when the certificate that is served expires, in UTC.

    Raises:
        CredentialsError: the files cannot be used.
    """

    def __init__(self, served: ServedCertificate) -> None:
        self._served = served
        self._files = WatchedFiles()
        self._looked = served.clock()
        self._broken = ""
        self.first, self.expiry = served.load(self._files)
        self._present = self.first
        self.first.sni_callback = self._renew

    @property
    def broken(self) -> bool:
        """Whether the files cannot be used as they are: the former certificate is served."""
        return bool(self._broken)

    def look(self) -> None:
        """Take up what the files hold, unless they were looked at within the poll."""
        if self._served.clock() - self._looked >= self._served.poll:
            self._looked = self._served.clock()
            if not self._files.unchanged():
                self._take_up()

    def _renew(self, connection: ssl.SSLObject, *_: object) -> None:
        self.look()
        connection.context = self._present

    def _take_up(self) -> None:
        files, broken = WatchedFiles(), ""
        try:
            self._present, self.expiry = self._served.load(files)
        except CredentialsError as error:
            broken = str(error)
        self._files = files
        if broken and broken != self._broken:
            logger.error("the server's certificate is broken, the former stays in use: %s", broken)
        elif not broken:
            logger.info("took up a changed certificate of the server")
        self._broken = broken


def _file(settings: Settings, name: str) -> File | None:
    path: str | None = getattr(settings, name)
    return File(Path(path), PREFIX + name.upper()) if path else None
