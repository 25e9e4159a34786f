"""The settings: from environment variables `GATEWAY_*`, and a TOML file named by `GATEWAY_CONFIG`.

A variable wins over the file. Keys that are no settings are refused, with the nearest name.
"""

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as UnreadableValue

from gateway.setting_values import FaultText, HeaderName, HeaderValue, LedgerNumber, Origin
from resolvers.payex.field_map import USAGE_DETAILS, USAGE_SUMMARIES, fit

PREFIX = "GATEWAY_"
CONFIG = "GATEWAY_CONFIG"

# Where the library speaks of Python, whoever writes settings thinks of JSON and TOML.
_OBJECT = "must be a JSON object, or a table of the TOML file"
_MESSAGES = {
    "bool_parsing": "must be 1 or 0",
    "bool_type": "must be true or false",
    "dict_type": _OBJECT,
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "model_type": _OBJECT,
    "string_type": "must be text",
}


class SettingsError(Exception):
    """The settings cannot be used. The message names each setting and repeats no secret."""


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
                    raise ValueError(f"{field!r} is no field; {_nearest(field, assumed)}")
            fit(assumed, changes)
        return self


class Settings(BaseSettings):
    """All settings. The name of a variable is `GATEWAY_` and the field's name in upper case."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(
        8000, ge=0, le=65535, description="The port to listen on; 0 takes a free one."
    )
    workers: int = Field(1, ge=1, le=256, description="How many server processes share the port.")
    insecure: bool = Field(
        default=False,
        description=(
            "`1` serves a configured upstream although callers are not identified: whoever "
            "reaches the gateway sees every ledger. Without it, only the sandbox is served."
        ),
    )
    development: bool = Field(
        default=False,
        description=(
            "`1` tells in `extensions.upstream` of each reply which upstream calls it took, as "
            "with the sandbox it always does."
        ),
    )
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
        10.0, gt=0, le=300, description="The most seconds that one upstream call may take."
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
        100, ge=1, description="The most connections to the upstream from one server process."
    )
    ledger_tokens: dict[LedgerNumber, HeaderValue] = Field(
        default_factory=dict,
        description="A JSON object: ledger number to the reference token that PayEx issued for it.",
    )
    max_in_flight: int = Field(
        16, ge=1, description="The most upstream calls that one operation has under way at a time."
    )
    max_numbers: int = Field(
        100, ge=1, description="The most numbers in one `invoices` or `customers` field."
    )
    max_records: int = Field(10_000, ge=1, description="The largest `first` of `usageRecords`.")
    max_subscriptions: int = Field(200, ge=1, description="The largest `first` of `subscriptions`.")
    max_request_body: int = Field(
        1024 * 1024, ge=1024, description="The most bytes that the body of a request may have."
    )
    sandbox_latency: float = Field(
        0.0, ge=0, le=60, description="Seconds that the embedded sandbox waits before it answers."
    )
    sandbox_faults: list[FaultText] = Field(
        default_factory=list,
        description=(
            "A JSON list of faults that the embedded sandbox makes, such as "
            '`["usage-details=500@0.25"]`; see `payex-usage-gateway sandbox --help`.'
        ),
    )
    field_map: FieldMap = Field(
        default_factory=FieldMap,
        description=(
            "Which member of PayEx's usage records and summaries feeds which field, where the "
            "assumed names are wrong; best given in the TOML file."
        ),
    )

    @property
    def is_sandbox(self) -> bool:
        """Whether the embedded sandbox stands in for PayEx."""
        return self.upstream_origin is None

    @model_validator(mode="after")
    def _servable(self) -> Self:
        if self.upstream_origin is not None and not self.ledger_tokens:
            raise ValueError(
                "GATEWAY_UPSTREAM_ORIGIN is set, but GATEWAY_LEDGER_TOKENS has no token: give "
                'it as JSON, {"1234": "the token of ledger 1234"}'
            )
        if self.upstream_origin is not None and not self.insecure:
            raise ValueError(
                "GATEWAY_UPSTREAM_ORIGIN is set, but callers are not identified yet: whoever "
                "reaches the gateway would see every ledger. Set GATEWAY_INSECURE=1 to serve it "
                "nevertheless, behind something that identifies callers"
            )
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
        """Take what is passed in: `load_settings` reads the sources."""
        return (init_settings,)


class _Environment(EnvSettingsSource):
    """The variables of a given environment, which need not be the process's own."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(Settings)
        self.env_vars = {name.lower(): value for name, value in environment.items() if value}


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings.

    Args:
        environment: the variables; the process's own if None.

    Raises:
        SettingsError: a key is unknown, a value cannot be used, or the file cannot be read.
    """
    variables = os.environ if environment is None else environment
    known = {PREFIX + field.upper(): field for field in Settings.model_fields}
    allowed = [CONFIG, *known]
    for name in sorted(variables):
        if name.upper().startswith(PREFIX) and name not in allowed:
            raise SettingsError(f"{name} is no setting; {_nearest(name.upper(), allowed)}")
    file = _read_file(variables.get(CONFIG))
    for key in file:
        if key not in known.values():
            near = _nearest(key, known.values())
            raise SettingsError(f"{key!r} in the file of {CONFIG} is no setting; {near}")
    try:
        return Settings(**{**file, **_Environment(variables)()})
    except UnreadableValue as error:
        # The library names the field in quotes, and never the value.
        named = next(name for name, field in known.items() if f'"{field}"' in str(error))
        raise SettingsError(f"{named} must be JSON.") from None
    except ValidationError as error:
        raise SettingsError(" ".join(map(_sentence, error.errors()))) from None


def _read_file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{CONFIG} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise SettingsError(f"{CONFIG} is not TOML: {error}.") from None


def _sentence(error: ErrorDetails) -> str:
    name, *rest = (str(part) for part in error["loc"] or [""])
    if error["type"] == "extra_forbidden":
        message = f"is no setting; {_nearest(rest[-1], FieldMap.model_fields)}"
    else:
        message = _MESSAGES.get(error["type"], error["msg"].removeprefix("Value error, "))
    message = message.replace("Input should", "must").replace("String should", "must")
    if not message.endswith((".", "?")):
        message += "."
    # Whoever swaps ledger and token has the token for a key.
    parts = [] if name == "ledger_tokens" else [part for part in rest if part != "[key]"]
    return f"{PREFIX}{'.'.join([name.upper(), *parts])}: {message}" if name else message


def _nearest(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.0)
    return f"did you mean {near[0]}?"
