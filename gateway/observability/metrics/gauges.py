"""Gauges: how things stand, read from whoever knows at the moment that Prometheus asks."""

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
"""When the counters of this process began at 0, or a little before, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class _By:
    """Values by those of a label."""

    label: str
    values: Mapping[str, float]


class Gauges:
    """How one process stands. It is read on the thread that the process runs on.

    Args:
        visits: lets requests in.
        readiness: whether the process should be sent requests.
        upstream: PayEx's client with all that stands behind it.
        certificate: the certificate of HTTPS, where it is served.
        clock: seconds of a monotonic clock.
    """

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
        """Yield what Prometheus reads."""
        yield _gauge(
            "build_info", "1, under the version of the gateway.", _By("version", {__version__: 1})
        )
        yield from self._operations()
        yield from self._calls()
        yield from self._caches()
        yield from self._credentials()
        yield from self._identity()

    def _operations(self) -> Iterator[Metric]:
        admission, intake = self._visits.admission, self._visits.intake
        yield _gauge(
            "ready", "1 while requests should be sent here.", self._readiness.reason is None
        )
        yield _gauge("operations_in_flight", "Operations being answered.", admission.in_flight)
        yield _gauge(
            "operations_limit",
            "The most operations being answered at a time (GATEWAY_MAX_OPERATIONS).",
            admission.limit,
        )
        yield _counter(
            "operations_shed",
            "Operations refused because as many as allowed were being answered, or had come.",
            admission.shed,
        )
        yield _gauge(
            "operations_waiting",
            "Operations that wait for a place, since other callers have more than their share.",
            admission.waiting,
        )
        bounds = "5 for each of GATEWAY_MAX_OPERATIONS", "16 times GATEWAY_MAX_REQUEST_BODY"
        for name, text, value in (
            ("requests_pending", "Requests being read, or waiting for a place.", intake.pending),
            ("requests_pending_limit", f"The most of them ({bounds[0]}).", intake.most_pending),
            ("request_bodies_bytes", "Bytes of the bodies of all requests.", intake.size),
            ("request_bodies_limit_bytes", f"The most of them ({bounds[1]}).", intake.most_bytes),
        ):
            yield _gauge(name, text, value)

    def _calls(self) -> Iterator[Metric]:
        policies, now = self._upstream.policies, self._clock()
        limiter, breakers, budget = policies.limiter, policies.breakers, policies.budget
        yield _gauge("upstream_calls_in_flight", "Calls to PayEx under way.", limiter.in_flight)
        yield _gauge(
            "upstream_calls_limit",
            "The most calls to PayEx under way at a time (GATEWAY_UPSTREAM_MAX_IN_FLIGHT).",
            limiter.places,
        )
        yield _gauge(
            "upstream_calls_queued",
            "Calls to PayEx that wait for a place or a connection.",
            limiter.queued,
        )
        yield _gauge(
            "upstream_queue_limit",
            "The most calls that may wait for their turn (GATEWAY_UPSTREAM_MAX_QUEUED).",
            limiter.room,
        )
        yield from self._connections(limiter)
        pulse = policies.pulse
        yield _gauge(
            "event_loop_lag_seconds",
            "The longest that the event loop was late in the last minute. It serves nobody "
            "meanwhile.",
            pulse.worst(now),
        )
        yield _counter(
            "event_loop_late_seconds", "Seconds that the event loop was late, in all.", pulse.late
        )
        yield _gauge(
            "breakers_open",
            "Breakers that let PayEx rest, by for whom: all, a ledger, or a caller of a ledger.",
            _By("scope", {scope.value: breakers.open(scope, now) for scope in Scope}),
        )
        yield _counter(
            "breaker_openings",
            "How often a breaker opened, also again, by for whom.",
            _By("scope", {scope.value: breakers.openings[scope] for scope in Scope}),
        )
        holds = policies.holds
        yield _gauge(
            "ledgers_held",
            "Ledgers whose calls are held back, as PayEx asked with 429.",
            holds.held(now),
        )
        yield _counter(
            "upstream_calls_held",
            "Calls to PayEx that were not made because their ledger's are held back.",
            holds.refused,
        )
        yield _gauge(
            "retry_budget_left",
            "Retries that the budget allows now; below 1, none.",
            budget.balance(now),
        )
        yield _counter("retries_refused", "Retries that the budget did not allow.", budget.refused)

    def _connections(self, limiter: Limiter) -> Iterator[Metric]:
        """Yield what is told of connections; `tenant` is empty without a client certificate."""
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
            "Connections to PayEx that calls use, by tenant.",
            _By("tenant", in_use),
        )
        yield _gauge(
            "upstream_connections_waited_for",
            "Calls to PayEx that wait because all connections of their tenant are in use.",
            _By("tenant", waited_for),
        )
        yield _gauge(
            "upstream_connections_limit",
            "The most connections that calls use, for each tenant "
            "(GATEWAY_UPSTREAM_MAX_CONNECTIONS).",
            limiter.connections,
        )

    def _caches(self) -> Iterator[Metric]:
        cache, shared = self._upstream.cache, self._upstream.shared
        held = self._upstream.policies.held
        for name, text, value in (
            ("cache_entries", "Answers kept in memory.", len(cache)),
            ("cache_bytes", "Bytes that the answers in memory take, as estimated.", cache.bytes),
            ("cache_bytes_limit", "The most of them (GATEWAY_CACHE_BYTES).", cache.max_bytes),
            ("answer_bytes", "Bytes that PayEx's answers take, the kept ones included.", held.used),
            ("answer_bytes_limit", "The most of them (GATEWAY_PROCESS_BYTES).", held.limit),
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
            "1 while the files of credentials cannot be used, and the former are.",
            credentials.broken,
        )
        yield _gauge(
            "certificate_expiry_timestamp_seconds",
            "When the client certificate of a tenant expires, in seconds since 1970.",
            _By(
                "tenant",
                {tenant: end.timestamp() for tenant, end in credentials.expiries().items()},
            ),
        )

    def _identity(self) -> Iterator[Metric]:
        if keys := self._visits.identity.keys:
            yield _gauge(
                "issuer_keys_read_timestamp_seconds",
                "When the keys of the issuer could last be read, in seconds since 1970; 0 until "
                "then.",
                keys.read_at,
            )
            yield _counter(
                "issuer_keys_read_failures",
                "How often the keys of the issuer could not be read.",
                keys.failures,
            )
        if certificate := self._certificate:
            yield _gauge(
                "server_certificate_expiry_timestamp_seconds",
                "When the certificate that the gateway itself serves expires, in seconds since "
                "1970.",
                certificate.expiry.timestamp(),
            )
            yield _gauge(
                "server_certificate_broken",
                "1 while the files of the server's certificate cannot be used, and the former "
                "one is served.",
                certificate.broken,
            )


def _shared(shared: SharedCache) -> Iterator[Metric]:
    yield _gauge(
        "shared_cache_up",
        "1 while the shared cache answers, 0 while it is left alone.",
        not shared.gone,
    )
    yield _counter(
        "shared_cache_reads",
        "Reads of the shared cache, by whether it had the answer; a miss also where it was gone.",
        _By("result", {"hit": shared.hits, "miss": shared.misses}),
    )
    yield _counter(
        "shared_cache_unreadable",
        "Misses of the shared cache that found something else in the answer's place.",
        shared.unreadable,
    )
    yield _counter(
        "shared_cache_failures",
        "Commands that the shared cache did not carry out, or not in time.",
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
