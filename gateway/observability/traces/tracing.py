"""The interface of tracing, and its implementation without traces."""

import os
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from importlib import import_module
from typing import Any, Final, Protocol

from gateway.observability.reports import Report
from gateway.observability.traces.trace_parent import Headers, trace_parent
from gateway.settings.load import SettingsError
from gateway.settings.otel_variables import forbids_traces
from gateway.settings.traces import TelemetrySettings
from resolvers.payex.api.tracing import Trace, Untraced


class RequestTrace(Trace, Protocol):
    """The trace of one request, from its arrival."""

    @property
    def trace_id(self) -> str | None:
        """The request's trace, in 32 hexadecimal digits, if it has one."""

    @property
    def kept_trace_id(self) -> str | None:
        """The request's trace if this gateway samples it; None if not."""

    def end(self, report: Report) -> None:
        """End the trace with the result of the request."""


class Tracing(Protocol):
    """Makes the traces of a process."""

    def begin(self, method: str, headers: Headers) -> RequestTrace:
        """Start the trace of a request."""

    def opened(self) -> AbstractAsyncContextManager[None]:
        """Send the remaining spans at the end of the context."""


class _Correlated(Untraced):
    """A request that the gateway does not trace, though its caller may."""

    __slots__ = ("kept_trace_id", "trace_id")

    def __init__(self, trace_id: str | None) -> None:
        super().__init__()
        self.trace_id = trace_id
        self.kept_trace_id: str | None = None

    def end(self, report: Report) -> None:
        """Do nothing."""


_ALONE = _Correlated(None)


class NoTracing:
    """Makes no traces. It only reads the request's trace id, for the log."""

    def begin(self, method: str, headers: Headers) -> RequestTrace:  # noqa: ARG002 - for spans
        """Return the request's trace."""
        parent = trace_parent(headers)
        return _Correlated(parent.trace_id) if parent else _ALONE

    def opened(self) -> AbstractAsyncContextManager[None]:
        """Do nothing."""
        return nullcontext()


NO_TRACING: Final = NoTracing()


def tracing_of(
    settings: TelemetrySettings, origin: str, environment: Mapping[str, str] = os.environ
) -> Tracing:
    """Return the tracing that the settings describe.

    Args:
        settings: the settings.
        origin: scheme, host and port of PayEx.
        environment: the variables. `OTEL_SDK_DISABLED` switches traces off.

    Raises:
        SettingsError: the packages are missing, or a variable `OTEL_...` cannot be used.
    """
    if settings.traces == "off" or forbids_traces(environment):
        return NO_TRACING
    tracing: Tracing = exporting().otlp_tracing(origin, propagates=settings.traces_to_payex)
    return tracing


def exporting(name: str = "gateway.observability.traces.otlp") -> Any:
    """Return the module that sends traces. Without traces, its packages are not even imported.

    Raises:
        SettingsError: the packages are not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise SettingsError(
            "GATEWAY_TRACES=otlp needs the packages of OpenTelemetry: "
            "install them with pip install 'payex-usage-gateway[otel]'."
        ) from None
