"""Tracing as the endpoint sees it, and how it goes without any traces."""

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
    """One request, from when it came."""

    @property
    def trace_id(self) -> str | None:
        """The trace it belongs to, in 32 hexadecimal digits, if it does."""

    @property
    def kept_trace_id(self) -> str | None:
        """The same if the trace is recorded here, so that whoever reads it finds it."""

    def end(self, report: Report) -> None:
        """Note that it is over, and what became of it."""


class Tracing(Protocol):
    """What makes traces, one for all requests of a process."""

    def begin(self, method: str, headers: Headers) -> RequestTrace:
        """Begin to trace a request."""

    def opened(self) -> AbstractAsyncContextManager[None]:
        """Bring away at the end what is still to be."""


class _Correlated(Untraced):
    """A request that is not traced here, though it may be by whoever sent it."""

    __slots__ = ("kept_trace_id", "trace_id")

    def __init__(self, trace_id: str | None) -> None:
        super().__init__()
        self.trace_id = trace_id
        self.kept_trace_id: str | None = None

    def end(self, report: Report) -> None:
        """Tell nobody."""


_ALONE = _Correlated(None)


class NoTracing:
    """Makes no traces. It only reads which one a request belongs to, for the log."""

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
    """Return what makes traces, as the settings say.

    Args:
        settings: the settings.
        origin: scheme, host and port of PayEx.
        environment: the variables, of which `OTEL_SDK_DISABLED` forbids all traces.

    Raises:
        SettingsError: the packages are missing, or a variable `OTEL_...` cannot be used.
    """
    if settings.traces == "off" or forbids_traces(environment):
        return NO_TRACING
    tracing: Tracing = exporting().otlp_tracing(origin, propagates=settings.traces_to_payex)
    return tracing


def exporting(name: str = "gateway.observability.traces.otlp") -> Any:
    """Return the module that sends traces: who wants none neither needs its packages nor waits.

    Raises:
        SettingsError: the packages are not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise SettingsError(
            "GATEWAY_TRACES=otlp needs the packages of OpenTelemetry: "
            "pip install 'payex-usage-gateway[otel]' brings them."
        ) from None
