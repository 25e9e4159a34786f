"""The settings of where Prometheus reads what the gateway counts."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings


class MetricsSettings(BaseSettings):
    """Who can read `/metrics`."""

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
            "A port for `/metrics` alone, which `GATEWAY_PORT` then does not serve; see "
            "[telemetry](telemetry.md#metrics). It is HTTPS where the gateway is. Set it if "
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
        # By its number it is known which port a request came to, whatever the addresses.
        if self.metrics_port is not None and self.metrics_port == getattr(self, "port", None):
            raise ValueError(
                "GATEWAY_METRICS_PORT must be another port than GATEWAY_PORT; leave it unset to "
                "have /metrics there"
            )
        return self
