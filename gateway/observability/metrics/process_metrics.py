"""Gauges and counters that other parts keep, read when Prometheus scrapes."""

import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from gateway import __version__
from gateway.payex.upstream import Upstream
from gateway.server.health import Readiness
from gateway.server.tls import Renewal
from gateway.server.visits import Visits
from resolvers.payex.cache.shared import SharedCache
from resolvers.payex.credentials.file import CredentialsFile
from resolvers.payex.resilience.breakers import Scope
from resolvers.payex.resilience.limiter import Limiter

_BEGAN: Final = time.time()
"""When the counters of this process started at 0, or a little before, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class _By:
    """Values, each by the value of one label."""

    label: str
    values: Mapping[str, float]


class Gauges:
    """The state of one process. Collect it on the thread of the process's event loop."""

    def __init__(
        self,
        visits: Visits,
        readiness: Readiness,
        upstream: Upstream,
        certificate: Renewal | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._visits = visits
        self._readiness = readiness
        self._upstream = upstream
        self._certificate = certificate
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield _gauge(
            "build_info", "Always 1; the label is the version.", _By("version", {__version__: 1})
        )
        yield from self._operations()
        yield from self._calls()
        yield from self._caches()
        yield from self._credentials()
        yield from self._identity()

    def _operations(self) -> Iterator[Metric]:
        admission, intake = self._visits.admission, self._visits.intake
        yield _gauge(
            "ready", "1 while the gateway accepts traffic.", self._readiness.reason is None
        )
        yield _gauge("operations_in_flight", "Operations in progress.", admission.in_flight)
        yield _gauge(
            "operations_limit",
            "The limit of payex_usage_operations_in_flight (GATEWAY_MAX_OPERATIONS).",
            admission.limit,
        )
        yield _counter(
            "operations_shed",
            "Operations rejected because of overload (503).",
            admission.shed,
        )
        yield _gauge(
            "operations_waiting",
            "Operations that wait for a place while other callers have more than their share.",
            admission.waiting,
        )
        bounds = "5 for each of GATEWAY_MAX_OPERATIONS", "16 times GATEWAY_MAX_REQUEST_BODY"
        for name, text, value in (
            ("requests_pending", "Requests being read, or waiting for a place.", intake.pending),
            (
                "requests_pending_limit",
                f"The limit of payex_usage_requests_pending ({bounds[0]}).",
                intake.most_pending,
            ),
            ("request_bodies_bytes", "Bytes of the bodies of all requests.", intake.size),
            (
                "request_bodies_limit_bytes",
                f"The limit of payex_usage_request_bodies_bytes ({bounds[1]}).",
                intake.most_bytes,
            ),
        ):
            yield _gauge(name, text, value)

    def _calls(self) -> Iterator[Metric]:
        policies, now = self._upstream.policies, self._clock()
        limiter, breakers, budget = policies.limiter, policies.breakers, policies.budget
        yield _gauge("upstream_calls_in_flight", "Calls to PayEx in flight.", limiter.in_flight)
        yield _gauge(
            "upstream_calls_limit",
            "The limit of payex_usage_upstream_calls_in_flight (GATEWAY_UPSTREAM_MAX_IN_FLIGHT).",
            limiter.places,
        )
        yield _gauge(
            "upstream_calls_queued",
            "Calls to PayEx that wait for a place or a connection.",
            limiter.queued,
        )
        yield _gauge(
            "upstream_queue_limit",
            "The limit of payex_usage_upstream_calls_queued (GATEWAY_UPSTREAM_MAX_QUEUED).",
            limiter.room,
        )
        yield from self._connections(limiter)
        pulse = policies.pulse
        yield _gauge(
            "event_loop_lag_seconds",
            "The longest delay of the event loop in the last minute. During a delay it serves no "
            "request.",
            pulse.worst(now),
        )
        yield _counter(
            "event_loop_late_seconds", "Seconds of delay of the event loop in total.", pulse.late
        )
        yield _gauge(
            "breakers_open",
            "Open circuit breakers, by scope: all calls, a ledger, or a caller of a ledger.",
            _By("scope", {scope.value: breakers.open(scope, now) for scope in Scope}),
        )
        yield _counter(
            "breaker_openings",
            "Openings of circuit breakers, repeated ones included, by scope.",
            _By("scope", {scope.value: breakers.openings[scope] for scope in Scope}),
        )
        holds = policies.holds
        yield _gauge(
            "ledgers_held",
            "Ledgers whose calls are paused because PayEx answered 429.",
            holds.held(now),
        )
        yield _counter(
            "upstream_calls_held",
            "Calls to PayEx that were refused because their ledger's calls are paused.",
            holds.refused,
        )
        yield _gauge(
            "retry_budget_left",
            "Retries that the retry budget allows now; below 1, none.",
            budget.balance(now),
        )
        yield _counter(
            "retries_refused", "Retries that the retry budget did not allow.", budget.refused
        )

    def _connections(self, limiter: Limiter) -> Iterator[Metric]:
        """Yield the metrics of connections; `tenant` is empty without a client certificate."""
        credentials = self._upstream.credentials
        tenants: set[Hashable] = {None}
        if isinstance(credentials, CredentialsFile):
            tenants = set(credentials.expiries())
        names = {
            tenant: "" if tenant is None else str(tenant) for tenant in tenants | set(limiter.used)
        }
        in_use = {name: limiter.used[tenant] for tenant, name in names.items()}
        waited_for = {
            name: limiter.wanted[tenant] if limiter.lacks_connection(tenant) else 0
            for tenant, name in names.items()
        }
        yield _gauge(
            "upstream_connections_in_use",
            "Connections to PayEx in use, by tenant.",
            _By("tenant", in_use),
        )
        yield _gauge(
            "upstream_connections_waited_for",
            "Calls to PayEx that wait because all connections of their tenant are in use.",
            _By("tenant", waited_for),
        )
        yield _gauge(
            "upstream_connections_limit",
            "The limit of payex_usage_upstream_connections_in_use, for each tenant "
            "(GATEWAY_UPSTREAM_MAX_CONNECTIONS).",
            limiter.connections,
        )

    def _caches(self) -> Iterator[Metric]:
        cache, shared = self._upstream.cache, self._upstream.shared
        held = self._upstream.policies.held
        for name, text, value in (
            ("cache_entries", "Answers in the cache of the process.", len(cache)),
            ("cache_bytes", "The estimated bytes of the answers in that cache.", cache.bytes),
            (
                "cache_bytes_limit",
                "The limit of payex_usage_cache_bytes (GATEWAY_CACHE_BYTES).",
                cache.max_bytes,
            ),
            ("answer_bytes", "Bytes of PayEx's answers in memory, cached ones too.", held.used),
            (
                "answer_bytes_limit",
                "The limit of payex_usage_answer_bytes (GATEWAY_PROCESS_BYTES).",
                held.limit,
            ),
        ):
            yield _gauge(name, text, value)
        if shared is not None:
            yield from _shared(shared)

    def _credentials(self) -> Iterator[Metric]:
        credentials = self._upstream.credentials
        if not isinstance(credentials, CredentialsFile):
            return
        yield _gauge(
            "credentials_broken",
            "1 while the credential files cannot be used, and the gateway keeps the previous ones.",
            credentials.broken,
        )
        yield _gauge(
            "certificate_expiry_timestamp_seconds",
            "When a tenant's client certificate expires, in seconds since 1970.",
            _By(
                "tenant",
                {tenant: end.timestamp() for tenant, end in credentials.expiries().items()},
            ),
        )

    def _identity(self) -> Iterator[Metric]:
        if keys := self._visits.identity.keys:
            yield _gauge(
                "issuer_keys_read_timestamp_seconds",
                "When the gateway last read the issuer's keys, in seconds since 1970; 0 if never.",
                keys.read_at,
            )
            yield _counter(
                "issuer_keys_read_failures",
                "Failed reads of the issuer's keys.",
                keys.failures,
            )
        if certificate := self._certificate:
            yield _gauge(
                "server_certificate_expiry_timestamp_seconds",
                "When the gateway's own server certificate expires, in seconds since 1970.",
                certificate.expiry.timestamp(),
            )
            yield _gauge(
                "server_certificate_broken",
                "1 while the server certificate's files cannot be used, and the gateway keeps the "
                "previous one.",
                certificate.broken,
            )


def _shared(shared: SharedCache) -> Iterator[Metric]:
    yield _gauge(
        "shared_cache_up",
        "1 while the shared cache is available, 0 while the gateway does not use it.",
        not shared.gone,
    )
    yield _counter(
        "shared_cache_reads",
        "Reads of the shared cache, by result. A read while it is unavailable is a miss.",
        _By("result", {"hit": shared.hits, "miss": shared.misses}),
    )
    yield _counter(
        "shared_cache_unreadable",
        "Misses of the shared cache that found an unreadable value.",
        shared.unreadable,
    )
    yield _counter(
        "shared_cache_failures",
        "Commands that the shared cache refused, failed or did not finish in time.",
        shared.failures,
    )


def _gauge(name: str, text: str, value: float | _By) -> Metric:
    family = GaugeMetricFamily(f"payex_usage_{name}", text, labels=_label(value))
    for labels, number in _series(value):
        family.add_metric(labels, number)
    return family


def _counter(name: str, text: str, value: float | _By) -> Metric:
    family = CounterMetricFamily(f"payex_usage_{name}", text, labels=_label(value))
    for labels, number in _series(value):
        family.add_metric(labels, number, created=_BEGAN)
    return family


def _label(value: float | _By) -> list[str]:
    return [value.label] if isinstance(value, _By) else []


def _series(value: float | _By) -> list[tuple[list[str], float]]:
    if isinstance(value, _By):
        return [([label], number) for label, number in value.values.items()]
    return [([], value)]
