"""A tenant's client certificate, from its files."""

import ssl
from dataclasses import dataclass

from cryptography.x509 import Certificate

from resolvers.payex.credentials.access import CredentialsError
from resolvers.payex.credentials.tls import pem_certificates
from resolvers.payex.credentials.watched_files import File, WatchedFiles

_MISMATCHES = frozenset({"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"})
# The beginnings of OpenSSL's reasons for a certificate that is too weak.
_WEAK = ("EE_", "CA_")


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The files of a client certificate.

    Attributes:
        certificate: the PEM file of the certificate, and of the chain up to its issuer if
            necessary.
        key: the PEM file of the private key; the certificate's file if None.
        passphrase: the file of the key's passphrase, if the key is encrypted.
    """

    certificate: File
    key: File | None = None
    passphrase: File | None = None

    def read(self, files: WatchedFiles) -> "CertificateFiles":
        """Read the files.

        Raises:
            CredentialsError: a file cannot be read.
        """
        return CertificateFiles(
            source=self,
            certificate=files.read(self.certificate),
            key=files.read(self.key) if self.key else b"",
            passphrase=files.read(self.passphrase).rstrip(b"\r\n") if self.passphrase else b"",
        )


@dataclass(frozen=True, slots=True, repr=False)
class CertificateFiles:
    """The contents of the files of one client certificate."""

    source: ClientCertificate
    certificate: bytes
    key: bytes
    passphrase: bytes

    @property
    def contents(self) -> tuple[bytes, ...]:
        """The contents by which a change is recognized."""
        return str(self.source).encode(), self.certificate, self.key, self.passphrase

    def load(self, context: ssl.SSLContext) -> Certificate:
        """Load the certificate into a TLS context, and return it.

        Raises:
            CredentialsError: certificate, key or passphrase cannot be used, or do not match.
        """
        name = self.source.certificate.name
        try:
            certificate = pem_certificates(self.certificate)[0]
        except ValueError as error:
            raise CredentialsError(f"{name}: {error}.") from None
        asked: list[bool] = []

        def open_key() -> bytes:
            # Without a callback, OpenSSL would prompt on the terminal.
            asked.append(True)
            return self.passphrase

        key = self.source.key or self.source.certificate
        try:
            context.load_cert_chain(self.source.certificate.path, key.path, password=open_key)
        except (OSError, ValueError) as error:
            # OpenSSL says "PEM lib" for every error.
            raise CredentialsError(self._refusal(error, encrypted=bool(asked))) from None
        return certificate

    def _refusal(self, error: Exception, *, encrypted: bool) -> str:
        reason = getattr(error, "reason", None) or ""
        certificate, passphrase = self.source.certificate.name, self.source.passphrase
        key = self.source.key.name if self.source.key else certificate
        if reason in _MISMATCHES:
            return f"{key}: the private key does not belong to the certificate."
        if reason.startswith(_WEAK):
            return f"{certificate}: the certificate is too weak for this OpenSSL ({reason})."
        if encrypted and passphrase:
            return f"{passphrase.name}: the passphrase does not open the private key."
        if encrypted:
            return f"{key}: the private key is encrypted, and no passphrase is given."
        if not self.source.key:
            return f"{key}: has no PEM private key, and no other key file is given."
        return f"{key}: has no PEM private key that can be read."
