"""The settings of the upstream: where PayEx is, and how it is asked."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from gateway.settings.values import HeaderName, HeaderValue, LedgerNumber, Origin, ProxyUrl


class UpstreamSettings(BaseSettings):
    """What the gateway needs to ask PayEx."""

    upstream_origin: Origin | None = Field(
        None,
        description=(
            "Where PayEx is: `https://lf-api.payex.com`, or `https://api.sandbox.payex.com` for "
            "its test system. Unset, the embedded sandbox is served. Plain `http` on loopback only."
        ),
    )
    upstream_subdomain: str = Field(
        "usage",
        pattern=r"^[A-Za-z0-9-]+$",
        description="The segment after `/billing` in the paths of PayEx.",
    )
    upstream_headers: dict[HeaderName, HeaderValue] = Field(
        default_factory=dict,
        description=(
            "A JSON object of further headers, name to value, that every upstream call carries."
        ),
    )
    upstream_timeout: float = Field(
        10.0,
        gt=0,
        le=300,
        description=(
            "The most seconds that one upstream call may take. A wait for a place or a connection "
            "does not count."
        ),
    )
    upstream_queue_timeout: float | None = Field(
        None,
        gt=0,
        le=300,
        description=(
            "The most seconds that one upstream call may wait for a place and a connection; unset, "
            "it waits until its operation's time is up."
        ),
    )
    upstream_connect_timeout: float = Field(
        3.0,
        gt=0,
        le=300,
        description=(
            "The most seconds until a connection to the upstream is made, from the look-up of its "
            "host to the end of TLS."
        ),
    )
    upstream_read_timeout: float = Field(
        10.0,
        gt=0,
        le=300,
        description="The most seconds that the upstream may be silent within one call.",
    )
    upstream_max_body: int = Field(
        32 * 1024 * 1024,
        ge=1024,
        description="The most bytes that one upstream body may have, decompressed.",
    )
    upstream_max_pages: int = Field(
        100, ge=1, description="The most pages that one upstream list may be spread over."
    )
    upstream_max_connections: int = Field(
        100,
        ge=1,
        description=(
            "The most connections to the upstream from one server process, for each client "
            "certificate."
        ),
    )
    upstream_proxy: ProxyUrl | None = Field(
        None,
        description=(
            "The HTTP proxy through which PayEx is reached, `http://user:password@host:3128`. "
            "Unset, it is the `HTTPS_PROXY` or `ALL_PROXY` of the environment, unless `NO_PROXY` "
            "names PayEx's host."
        ),
    )
    upstream_ca_file: str | None = Field(
        None,
        description=(
            "A PEM file of authorities that are trusted to vouch for the upstream, beside the "
            "public ones."
        ),
    )
    credentials_file: str | None = Field(
        None,
        description=(
            "A TOML file that says where tokens and client certificates lie, for several tenants; "
            "see [connect](connect.md)."
        ),
    )
    credentials_poll: float = Field(
        5.0,
        ge=0.1,
        le=3600,
        description="Seconds between two looks at the files of credentials, for changes.",
    )
    client_certificate_file: str | None = Field(
        None,
        description=(
            "The PEM file of the one client certificate that PayEx issued, for the ledgers of "
            "`GATEWAY_LEDGER_TOKENS`."
        ),
    )
    client_key_file: str | None = Field(
        None,
        description=(
            "The PEM file of its private key, unless the file of the certificate holds that."
        ),
    )
    client_key_passphrase_file: str | None = Field(
        None, description="The file of the passphrase that opens the private key, if it needs one."
    )
    ledger_tokens: dict[LedgerNumber, HeaderValue] = Field(
        default_factory=dict,
        description="A JSON object: ledger number to the reference token that PayEx issued for it.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.credentials_file and (self.ledger_tokens or self.client_certificate_file):
            raise ValueError(
                "GATEWAY_CREDENTIALS_FILE holds all credentials: leave out GATEWAY_LEDGER_TOKENS "
                "and GATEWAY_CLIENT_CERTIFICATE_FILE"
            )
        for name in ("client_key_file", "client_key_passphrase_file"):
            if getattr(self, name) and not self.client_certificate_file:
                raise ValueError(
                    f"GATEWAY_{name.upper()} is of no use without GATEWAY_CLIENT_CERTIFICATE_FILE"
                )
        return self
