"""The settings of identity: how callers prove who they are, and which claims grant access."""

import re
from typing import Annotated, Literal, Protocol, Self
from urllib.parse import urlsplit

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, NoDecode

from gateway.settings.values import is_loopback

_UNESCAPED = re.compile(r"~(?![01])")


def _keys(text: str) -> str:
    if "://" not in text:
        return text
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc or parts.fragment:
        raise ValueError("must look like https://issuer.example/jwks, or be the path of a file")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("plain http is for loopback only; use https")
    return text


def _claim(name: str) -> str:
    if not name:
        raise ValueError("must not be empty")
    if name.startswith("/") and _UNESCAPED.search(name):
        raise ValueError("is not a JSON pointer: after ~ comes 0 or 1 (RFC 6901)")
    return name


def _one_or_several(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value.startswith("["):
        return [value]
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        raise ValueError("must be text, or a JSON list of texts") from None


KeysAddress = Annotated[str, AfterValidator(_keys)]
"""A URL of HTTPS, or of plain HTTP on loopback, or the path of a file."""

ClaimName = Annotated[str, AfterValidator(_claim)]
"""A claim's name, or the JSON pointer to it."""

Texts = Annotated[list[str], NoDecode, BeforeValidator(_one_or_several)]
"""One text, or several as a JSON list."""

# There is no HS*: anyone who can verify such a signature can also make one.
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512", "Ed25519", "Ed448", "EdDSA",
]  # fmt: skip


class IdentitySettings(BaseSettings):
    """The settings that identify callers."""

    jwt_keys: KeysAddress | None = Field(
        None,
        description=(
            "The public keys that verify callers' tokens: the https URL of the issuer's JWKS, or "
            "the path of a file; see [identity](identity.md). Plain `http` on loopback only. Set "
            "it if callers send tokens."
        ),
    )
    jwt_issuer: str | None = Field(
        None, description=("The `iss` that a token must have. Set it with `GATEWAY_JWT_KEYS`.")
    )
    jwt_audience: Texts = Field(
        default_factory=list,
        description=(
            "The `aud` that a token must have: one text, or a JSON list of which it has one. Set "
            "it with `GATEWAY_JWT_KEYS`."
        ),
    )
    jwt_algorithms: list[Algorithm] = Field(
        ["RS256", "PS256", "ES256", "ES384", "Ed25519", "EdDSA"],
        min_length=1,
        description=(
            "A JSON list of the signature algorithms that tokens may have. All of them use a "
            "public key. Set it to the one that your issuer uses."
        ),
    )
    jwt_keys_poll: float = Field(
        300.0,
        ge=1,
        le=86400,
        description=(
            "Seconds between two checks of `GATEWAY_JWT_KEYS`; an unknown key causes a check at "
            "once. Lower it to drop revoked keys sooner."
        ),
    )
    claim_ledgers: ClaimName = Field(
        "ledgers",
        description=(
            "The claim with the ledgers that the caller may see completely. In this and the next "
            "settings, a name that begins with `/` is a JSON pointer into nested claims. Set it if "
            "your issuer gives the claim another name."
        ),
    )
    claim_ledger: ClaimName = Field(
        "ledger",
        description=(
            "The claim with the ledger that plain lists of numbers belong to. Set it if your "
            "issuer gives the claim another name."
        ),
    )
    claim_customers: ClaimName = Field(
        "customers",
        description=(
            "The claim with the caller's own customer numbers. Set it if your issuer gives the "
            "claim another name."
        ),
    )
    claim_invoices: ClaimName = Field(
        "invoices",
        description=(
            "The claim with the caller's own invoice numbers. Set it if your issuer gives the "
            "claim another name."
        ),
    )
    claim_scopes: ClaimName = Field(
        "scope",
        description=(
            "The claim with the granted scopes. Set it if your issuer gives the claim another name."
        ),
    )
    claim_max_numbers: int = Field(
        1000,
        ge=1,
        le=10_000,
        description=(
            "The most values of one of these claims. Raise it, with `GATEWAY_MAX_HEADER`, if one "
            "of your customers has more invoices."
        ),
    )
    router_secret_file: str | None = Field(
        None,
        description=(
            "The file of the secret that a trusted router sends in the header "
            "`payex-usage-router`. A second line is a second secret, for rotation. Set it if a "
            "router forwards callers' claims and has no client certificate."
        ),
    )
    router_names: Texts = Field(
        default_factory=list,
        description=(
            "A JSON list of the names that the client certificate of a trusted router may have. "
            "Unset, every certificate of `GATEWAY_TLS_CLIENT_CA_FILE` is a trusted router's. Set "
            "it if that authority issues certificates to others."
        ),
    )
    router_required: bool = Field(
        default=False,
        description=(
            "`1` refuses every request that does not come from a trusted router. Set it if all "
            "clients go through your router."
        ),
    )
    tls_certificate_file: str | None = Field(
        None,
        description=(
            "The PEM file of the server's certificate and its chain. With it, the gateway serves "
            "HTTPS. Set it if nothing in front of the gateway terminates TLS."
        ),
    )
    tls_key_file: str | None = Field(
        None,
        description=(
            "The PEM file of that certificate's private key. Set it unless the certificate's file "
            "contains the key."
        ),
    )
    tls_key_passphrase_file: str | None = Field(
        None, description=("The file of that key's passphrase. Set it if the key is encrypted.")
    )
    tls_client_ca_file: str | None = Field(
        None,
        description=(
            "The PEM file of the authorities that issue the client certificates of trusted "
            "routers. A client without a certificate is served too, but not as a router. Set it if "
            "your router has a client certificate."
        ),
    )
    pseudonym_key_file: str | None = Field(
        None,
        description=(
            "The file of the key for callers' pseudonyms in the log. Unset, each process makes its "
            "own key. Set it to follow a caller over several processes or restarts."
        ),
    )

    @property
    def identifies(self) -> bool:
        """Whether callers are identified, by tokens or by a trusted router."""
        return bool(self.jwt_keys or self.router_secret_file or self.tls_client_ca_file)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.jwt_keys and not (self.jwt_issuer and self.jwt_audience and all(self.jwt_audience)):
            raise ValueError(
                "GATEWAY_JWT_KEYS needs GATEWAY_JWT_ISSUER and GATEWAY_JWT_AUDIENCE: without them "
                "the gateway would accept tokens that the issuer made for others"
            )
        needs = {
            "jwt_issuer": "jwt_keys",
            "jwt_audience": "jwt_keys",
            "tls_key_file": "tls_certificate_file",
            "tls_key_passphrase_file": "tls_certificate_file",
            "tls_client_ca_file": "tls_certificate_file",
            "router_names": "tls_client_ca_file",
        }
        for name, needed in needs.items():
            if getattr(self, name) and not getattr(self, needed):
                raise ValueError(
                    f"GATEWAY_{name.upper()} is of no use without GATEWAY_{needed.upper()}"
                )
        if self.router_required and not (self.router_secret_file or self.tls_client_ca_file):
            raise ValueError(
                "GATEWAY_ROUTER_REQUIRED needs GATEWAY_ROUTER_SECRET_FILE or "
                "GATEWAY_TLS_CLIENT_CA_FILE: no router could be trusted"
            )
        return self


class Reachable(Protocol):
    """The settings that decide whether strangers could see data."""

    @property
    def host(self) -> str:
        """The address to listen on."""

    @property
    def insecure(self) -> bool:
        """Whether callers are served without identifying them."""

    @property
    def is_sandbox(self) -> bool:
        """Whether all data are invented."""

    @property
    def identifies(self) -> bool:
        """Whether callers are identified."""


def refuse_strangers(settings: Reachable) -> None:
    """Refuse settings with which every client that reaches the gateway would see every ledger.

    Only the sandbox on loopback is open to everyone. All else needs callers that are identified, or
    `insecure`.

    Raises:
        ValueError: strangers would be served. The message names the settings that prevent that.
    """
    if settings.identifies or settings.insecure:
        return
    if not settings.is_sandbox:
        cause = "GATEWAY_UPSTREAM_ORIGIN is set"
    elif not is_loopback(settings.host):
        cause = "GATEWAY_HOST is not a loopback address"
    else:
        return
    raise ValueError(
        f"{cause}, but callers are not identified: every client that reaches the gateway would see "
        "every ledger. Set GATEWAY_JWT_KEYS, or trust a router with GATEWAY_ROUTER_SECRET_FILE; "
        "docs/identity.md shows how. Set GATEWAY_INSECURE=1 only if something in front of the "
        "gateway identifies callers"
    )
