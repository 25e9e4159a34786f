"""The settings of traces, beside OpenTelemetry's own variables."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class TelemetrySettings(BaseSettings):
    """Whether there are traces, and whether PayEx gets their ids."""

    traces: Literal["off", "otlp"] = Field(
        "off",
        description=(
            "`otlp` sends a trace of each operation to the collector that "
            "`OTEL_EXPORTER_OTLP_ENDPOINT` names; see [telemetry](telemetry.md#traces). It needs "
            "the package's extra `otel`. Set it if you run a collector."
        ),
    )
    traces_to_payex: bool = Field(
        default=True,
        description=(
            "`0` keeps the header `traceparent`, random ids, out of the calls to PayEx. Without "
            "traces it is never sent. Set it to `0` if nothing of your traces may leave your "
            "network."
        ),
    )
