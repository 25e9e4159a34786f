"""All credentials of one moment, read from their files completely or not at all."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography.x509 import Certificate
from pydantic import SecretStr

from resolvers.payex.credentials.access import Access, CredentialsError
from resolvers.payex.credentials.client_certificate import ClientCertificate
from resolvers.payex.credentials.layout import Layout, Ledger, checked_token, read_layout
from resolvers.payex.credentials.tls import as_der, client_context, pem_certificates
from resolvers.payex.credentials.watched_files import File, WatchedFiles


@dataclass(frozen=True, slots=True)
class Shown:
    """The client certificate of a tenant's connections."""

    file: File
    certificate: Certificate

    @property
    def expiry(self) -> datetime:
        """When the certificate expires, in UTC."""
        return self.certificate.not_valid_after_utc

    def objection(self, now: datetime) -> str:
        """Return what is wrong with the certificate's dates now; empty if nothing is."""
        if now > self.expiry:
            return f"the certificate expired at {self.expiry:%Y-%m-%d %H:%M} UTC"
        if now < (start := self.certificate.not_valid_before_utc):
            return f"the certificate is not valid before {start:%Y-%m-%d %H:%M} UTC"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The TLS material of a tenant's connections.

    Attributes:
        digests: of the contents that the context was made from.
        context: the TLS context.
        shown: the client certificate, if there is one.
    """

    digests: tuple[bytes, ...] = field(repr=False)
    context: ssl.SSLContext
    shown: Shown | None = None


@dataclass(frozen=True, slots=True)
class State:
    """The accesses by ledger, and the material by tenant; None stands for no tenant.

    The generation is one more than that of the previous state.
    """

    accesses: Mapping[str, Access] = field(default_factory=dict)
    materials: Mapping[str | None, Material] = field(default_factory=dict)
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of credentials.

    Attributes:
        layout: the layout, or the path of the TOML file that holds it.
        authorities: a PEM file of trusted authorities, beside the public ones.
    """

    layout: Path | Layout
    authorities: File | None = None

    def read(self, files: WatchedFiles, former: State) -> State:
        """Return the state of the files. Unchanged parts are those of the previous state.

        It is the previous state itself if nothing changed.

        Raises:
            CredentialsError: the credentials cannot be used.
        """
        layout = self.layout
        if isinstance(layout, Path):
            layout = read_layout(File(layout, str(layout)), files)
        authorities = _trusted(self.authorities, files) if self.authorities else b""
        tenants: dict[str | None, ClientCertificate | None] = {None: None}
        tenants.update(layout.tenants)
        materials = {
            name: _material(tenant, authorities, former.materials.get(name), files)
            for name, tenant in tenants.items()
        }
        accesses = {}
        for number, ledger in layout.ledgers.items():
            access = Access(
                token=_token(ledger, files),
                tenant=ledger.tenant,
                generation=former.generation + 1,
                tls=materials[ledger.tenant].context,
            )
            known = former.accesses.get(number)
            accesses[number] = known if known and known.opens_as(access) else access
        if accesses == former.accesses and materials == former.materials:
            return former
        return State(accesses, materials, former.generation + 1)


def _trusted(file: File, files: WatchedFiles) -> bytes:
    try:
        return as_der(pem_certificates(files.read(file)))
    except ValueError as error:
        raise CredentialsError(f"{file.name}: {error}.") from None


def _material(
    tenant: ClientCertificate | None,
    authorities: bytes,
    former: Material | None,
    files: WatchedFiles,
) -> Material:
    held = tenant.read(files) if tenant else None
    digests = tuple(
        sha256(content).digest() for content in (authorities, *(held.contents if held else ()))
    )
    # Contents decide, not times: if they are the same, the connections stay open.
    if former and former.digests == digests:
        return former
    context = client_context(authorities)
    shown = Shown(held.source.certificate, held.load(context)) if held else None
    return Material(digests=digests, context=context, shown=shown)


def _token(ledger: Ledger, files: WatchedFiles) -> str:
    if isinstance(ledger.token, SecretStr):
        return ledger.token.get_secret_value()
    return checked_token(files.read(ledger.token).decode("latin-1"), ledger.token.name)
