"""The settings of the upstream: PayEx's address, connections and credentials."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from gateway.settings.values import HeaderName, HeaderValue, LedgerNumber, Origin, ProxyUrl


class UpstreamSettings(BaseSettings):
    """The settings of calls to PayEx."""

    upstream_origin: Origin | None = Field(
        None,
        description=(
            "PayEx's origin: `https://lf-api.payex.com`, or `https://api.sandbox.payex.com` for "
            "its test system. Plain `http` on loopback only. Unset, the gateway serves the "
            "embedded sandbox. Set it to serve PayEx."
        ),
    )
    upstream_subdomain: str = Field(
        "usage",
        pattern=r"^[A-Za-z0-9-]+$",
        description=(
            "The segment after `/billing` in PayEx's paths. Set it if PayEx gave you another one."
        ),
    )
    upstream_headers: dict[HeaderName, HeaderValue] = Field(
        default_factory=dict,
        description=(
            "A JSON object of further headers for every call to PayEx, name to value. Set it if "
            "PayEx or a gateway in front of it asks for a header, such as an API key."
        ),
    )
    upstream_timeout: float = Field(
        10.0,
        gt=0,
        le=300,
        description=(
            "The most seconds that one call to PayEx may take. The wait for a place or a "
            "connection does not count. Raise it if PayEx takes longer for your largest lists."
        ),
    )
    upstream_queue_timeout: float | None = Field(
        None,
        gt=0,
        le=300,
        description=(
            "The most seconds that one call to PayEx may wait for a place and a connection. Unset, "
            "it waits until its operation's deadline. Set it if clients prefer an early error to a "
            "late answer."
        ),
    )
    upstream_max_body: int = Field(
        32 * 1024 * 1024,
        ge=1024,
        description=(
            "The most bytes of one body from PayEx, decompressed. Raise it, with "
            "`GATEWAY_OPERATION_BYTES`, if your largest lists end with `UPSTREAM_BODY_TOO_LARGE`."
        ),
    )
    upstream_max_pages: int = Field(
        100,
        ge=1,
        description=(
            "The most pages that one list of PayEx may have. Raise it if your largest lists have "
            "more."
        ),
    )
    upstream_max_connections: int = Field(
        100,
        ge=1,
        description=(
            "The most connections to PayEx from one server process, for each client certificate. "
            "Change it to what PayEx or your proxy allows."
        ),
    )
    upstream_proxy: ProxyUrl | None = Field(
        None,
        description=(
            "The HTTP proxy to PayEx, `http://user:password@host:3128`. Unset, it is the "
            "`HTTPS_PROXY` or `ALL_PROXY` of the environment, unless `NO_PROXY` names PayEx's "
            "host. Set it if PayEx alone is behind a proxy."
        ),
    )
    upstream_ca_file: str | None = Field(
        None,
        description=(
            "A PEM file of certificate authorities that are trusted for PayEx, beside the public "
            "ones. Set it if your proxy inspects TLS."
        ),
    )
    credentials_file: str | None = Field(
        None,
        description=(
            "A TOML file with the paths of tokens and client certificates; see "
            "[connect](connect.md). Set it if you serve several tenants."
        ),
    )
    credentials_poll: float = Field(
        5.0,
        ge=0.1,
        le=3600,
        description=(
            "Seconds between two checks of the files of credentials, secrets and certificates. "
            "Raise it if they are on a network file system where each check costs."
        ),
    )
    client_certificate_file: str | None = Field(
        None,
        description=(
            "The PEM file of the client certificate that PayEx issued. Set it with "
            "`GATEWAY_LEDGER_TOKENS` if you serve one tenant."
        ),
    )
    client_key_file: str | None = Field(
        None,
        description=(
            "The PEM file of that certificate's private key. Set it unless the certificate's file "
            "contains the key."
        ),
    )
    client_key_passphrase_file: str | None = Field(
        None, description="The file of that key's passphrase. Set it if the key is encrypted."
    )
    ledger_tokens: dict[LedgerNumber, HeaderValue] = Field(
        default_factory=dict,
        description=(
            "A JSON object: ledger number to the reference token that PayEx issued for it. Set it "
            "if you serve one tenant."
        ),
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.credentials_file and (self.ledger_tokens or self.client_certificate_file):
            raise ValueError(
                "GATEWAY_CREDENTIALS_FILE has all credentials: leave out GATEWAY_LEDGER_TOKENS "
                "and GATEWAY_CLIENT_CERTIFICATE_FILE"
            )
        for name in ("client_key_file", "client_key_passphrase_file"):
            if getattr(self, name) and not self.client_certificate_file:
                raise ValueError(
                    f"GATEWAY_{name.upper()} is of no use without GATEWAY_CLIENT_CERTIFICATE_FILE"
                )
        return self
