"""The settings of metrics."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings


class MetricsSettings(BaseSettings):
    """The settings of `/metrics`."""

    metrics_host: str = Field(
        "127.0.0.1",
        description=(
            "The address to listen on for `GATEWAY_METRICS_PORT`. Set it if Prometheus is on "
            "another machine."
        ),
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description=(
            "A port for `/metrics` only; `GATEWAY_PORT` then does not serve it; see "
            "[telemetry](telemetry.md#metrics). It uses HTTPS if the gateway does. Set it if "
            "clients must not see metrics."
        ),
    )
    metrics_max_age: float = Field(
        1.0,
        ge=0,
        le=60,
        description=(
            "Seconds that a page of `/metrics` is kept, so that frequent scrapes cost next to "
            "nothing. Set it to `0` in a test that reads what its own requests counted."
        ),
    )

    @model_validator(mode="after")
    def _apart(self) -> Self:
        # The number alone says to which port a request came.
        if self.metrics_port is not None and self.metrics_port == getattr(self, "port", None):
            raise ValueError(
                "GATEWAY_METRICS_PORT must differ from GATEWAY_PORT; leave it unset to serve "
                "/metrics there"
            )
        return self
