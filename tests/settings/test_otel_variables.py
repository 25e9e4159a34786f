"""Variables of OpenTelemetry that cannot work here are told as settings that contradict are."""

from pathlib import Path

import pytest

from gateway.settings.contradictions import contradictions
from gateway.settings.load import load_settings

GIVEN = {"GATEWAY_ROUTER_SECRET_FILE": "/run/secrets/router"}
TRACED = {**GIVEN, "GATEWAY_TRACES": "otlp"}


def told(environment: dict[str, str], variables: dict[str, str] = TRACED) -> list[str]:
    return list(contradictions(load_settings(variables), environment))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://collector:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:port"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "grpc://collector:4317"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "-1"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/070.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/nowhere/070.pem"),
        ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "/nowhere/070.pem"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_PROPAGATORS", "b3,jaeger"),
        ("OTEL_TRACES_SAMPLER", "parentbased_ratio"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
    ],
)
def test_a_variable_that_cannot_work_is_told_by_its_name_and_without_its_value(
    name: str, value: str
) -> None:
    (sentence,) = told({name: value})

    assert sentence.startswith(f"{name} ")
    assert value not in sentence
    assert not told({name: value}, GIVEN)
    assert not told({name: value, "OTEL_SDK_DISABLED": " TRUE"})
    assert not told({name: ""})


@pytest.mark.parametrize("sampler", ["traceidratio", "ParentBased_TraceIdRatio"])
@pytest.mark.parametrize(
    ("share", "works"), [("0.05", True), ("2", False), ("x", False), ("", False)]
)
def test_a_share_of_traces_is_a_number_from_0_to_1(
    sampler: str, share: str, *, works: bool
) -> None:
    given = {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": share}
    assert bool(told(given)) is not works


def test_the_variable_of_traces_wins_over_that_of_all_signals() -> None:
    name = "OTEL_EXPORTER_OTLP_{}PROTOCOL"
    assert not told({name.format("TRACES_"): "http/protobuf", name.format(""): "grpc"})
    assert told({name.format("TRACES_"): "grpc", name.format(""): "http/protobuf"})


def test_of_what_works_nothing_is_told(tmp_path: Path) -> None:
    file = tmp_path / "authority.pem"
    file.write_text("")
    assert not told(
        {
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "https://[::1]:4318/",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "10",
            "OTEL_EXPORTER_OTLP_CERTIFICATE": str(file),
            "OTEL_TRACES_EXPORTER": "console, otlp",
            "OTEL_PROPAGATORS": "baggage,tracecontext",
            "OTEL_TRACES_SAMPLER": "always_off",
            "OTEL_TRACES_SAMPLER_ARG": "whatever",
            "OTEL_SERVICE_NAME": "mine",
        }
    )
