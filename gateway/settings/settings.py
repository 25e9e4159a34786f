"""All settings, with their defaults, bounds and descriptions."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.http.hosts import ANY, LOOPBACK
from gateway.settings.documents import DocumentSettings
from gateway.settings.http import HttpSettings
from gateway.settings.identity import IdentitySettings, refuse_strangers
from gateway.settings.limits import LimitSettings
from gateway.settings.logs import LogSettings
from gateway.settings.metrics import MetricsSettings
from gateway.settings.resilience import PolicySettings
from gateway.settings.schema import SchemaSettings
from gateway.settings.traces import TelemetrySettings
from gateway.settings.upstream import UpstreamSettings
from gateway.settings.values import FaultText, nearest
from resolvers.payex.api.field_map import USAGE_DETAILS, USAGE_SUMMARIES, fit
from resolvers.rights import INTROSPECT_SCOPE, Rights

PREFIX = "GATEWAY_"
_EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared, not listened on


class FieldMap(BaseModel):
    """A deployment's changes to the assumed field map, by route."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    usage_details: dict[str, str] = Field(default_factory=dict)
    usage_summaries: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for assumed, changes in (
            (USAGE_DETAILS, self.usage_details),
            (USAGE_SUMMARIES, self.usage_summaries),
        ):
            for field in changes:
                if field not in assumed:
                    raise ValueError(f"{field!r} is no field; {nearest(field, assumed)}")
            fit(assumed, changes)
        return self


class Settings(
    LimitSettings,
    DocumentSettings,
    HttpSettings,
    IdentitySettings,
    LogSettings,
    MetricsSettings,
    PolicySettings,
    SchemaSettings,
    TelemetrySettings,
    UpstreamSettings,
):
    """All settings. The name of a variable is `GATEWAY_` and the field's name in upper case."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    host: str = Field(
        "127.0.0.1", description=("The address to listen on. Set it to `0.0.0.0` in a container.")
    )
    port: int = Field(
        8000,
        ge=0,
        le=65535,
        description=("The port to listen on; 0 chooses a free one. Set it if 8000 is taken."),
    )
    workers: int = Field(
        1,
        ge=1,
        le=256,
        description=(
            "The number of server processes that share the port. A new connection goes to the one "
            "with the least work. Set it to the number of cores of the machine or container."
        ),
    )
    insecure: bool = Field(
        default=False,
        description=(
            "`1` serves callers without identifying them: every client that reaches the gateway "
            "sees every ledger. Without it, only the sandbox does so, and only on loopback; see "
            "[identity](identity.md). Set it only behind something that identifies callers."
        ),
    )
    development: bool = Field(
        default=False,
        description=(
            "`1` reports the calls to PayEx in `extensions.upstream` of each reply, as the sandbox "
            "always does. Set it while you develop queries against PayEx."
        ),
    )
    max_operations: int = Field(
        200,
        ge=1,
        description=(
            "The most operations in flight, for each server process; 5 times as many requests may "
            "be read or wait. The processes share their places. If all are taken, the next "
            "operation of a caller that has its share gets 503; that of another caller waits for a "
            "place. Change it with the CPU and memory of the process."
        ),
    )
    shutdown_delay: float = Field(
        0.0,
        ge=0,
        le=600,
        description=(
            "Seconds from the signal to stop until the gateway accepts no more connections. Set it "
            "to the time that your load balancer takes to notice that `/health/ready` is false."
        ),
    )
    shutdown_timeout: int = Field(
        30,
        ge=1,
        le=3600,
        description=(
            "The most seconds after that delay to answer the requests that have begun to arrive. "
            "Set it to `GATEWAY_DEADLINE` or more, and below the grace period of your platform."
        ),
    )
    max_numbers: int = Field(
        100,
        ge=1,
        description=(
            "The most numbers in one `invoices`, `customers` or `nodes` field. Raise it if a page "
            "shows more; lower it to make clients split their requests."
        ),
    )
    max_records: int = Field(
        10_000,
        ge=1,
        description=(
            "The largest page of usage records. Raise it if clients read larger invoices in "
            "one page; lower it to make them read smaller ones."
        ),
    )
    max_subscriptions: int = Field(
        200,
        ge=1,
        description=(
            "The largest page of subscriptions, and the most subscriptions whose usage one field "
            "searches. Raise it if your invoices have more; lower it to make clients read less at "
            "a time."
        ),
    )
    sandbox_latency: float = Field(
        0.0,
        ge=0,
        le=60,
        description=(
            "Seconds that the embedded sandbox waits before it answers. Set it to see how a page "
            "behaves while PayEx is slow."
        ),
    )
    sandbox_faults: list[FaultText] = Field(
        default_factory=list,
        description=(
            "A JSON list of faults that the embedded sandbox makes, such as "
            '`["usage-details=500@0.25"]`; see `payex-usage-gateway sandbox --help`. Set it to see '
            "how a page behaves while PayEx fails."
        ),
    )
    field_map: FieldMap = Field(
        default_factory=FieldMap,
        description=(
            "The member of PayEx's usage records and summaries for each field; best given in the "
            "TOML file. Set it if the assumed names are wrong, as `payex-usage-gateway check` "
            "reports them."
        ),
    )

    _removed: tuple[str, ...] = PrivateAttr(())

    @classmethod
    def given(cls, values: Mapping[str, Any], removed: Iterable[str]) -> Self:
        """Return settings with these values, and the names of removed settings that were given."""
        settings = cls(**values)
        settings._removed = tuple(removed)
        return settings

    @property
    def removed(self) -> tuple[str, ...]:
        """The names of removed settings that were given."""
        return self._removed

    @property
    def is_sandbox(self) -> bool:
        """Whether the embedded sandbox stands in for PayEx."""
        return self.upstream_origin is None

    @property
    def served_hosts(self) -> list[str]:
        """The hosts that requests may name."""
        if self.hosts:
            return self.hosts
        if self.identifies:
            return [ANY]
        # A page of another site sends its own name as `Host`, never this address.
        own = [] if self.host in _EVERY_ADDRESS else [self.host]
        return [*LOOPBACK, *own]

    @property
    def serves_graphiql(self) -> bool:
        """Whether GraphiQL is served."""
        return self.graphiql == "on" or (self.graphiql == "auto" and not self.identifies)

    def may_introspect(self, rights: Rights) -> bool:
        """Return whether a caller with these rights may introspect the schema.

        Callers that are not identified have every scope.
        """
        if self.introspection == "scope":
            return rights.allows(INTROSPECT_SCOPE)
        return self.introspection == "everyone"

    @model_validator(mode="after")
    def _servable(self) -> Self:
        if self.upstream_origin is not None and not (self.ledger_tokens or self.credentials_file):
            raise ValueError(
                "GATEWAY_UPSTREAM_ORIGIN is set, but GATEWAY_LEDGER_TOKENS has no token: give "
                'it as JSON, {"1234": "the token of ledger 1234"}, or name a file of credentials '
                "in GATEWAY_CREDENTIALS_FILE"
            )
        refuse_strangers(self)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use only the arguments: `load_settings` reads the sources."""
        return (init_settings,)
