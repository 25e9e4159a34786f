"""The alerts fire, and stay silent, on what a gateway really exports and Prometheus makes of it.

Each case is a gateway under known traffic and faults. What its page tells before and after one
minute's worth of it goes on like that for 40 minutes in `promtool`, under the labels that each
scrape configuration of `deploy/` gives. So an alert that names a metric or a label that is not
exported, or is renamed on the way, does not fire where it should.
"""

import asyncio
import json
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import pytest
import trustme
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request

from gateway.execution.plan import FallReason
from gateway.http.refusals import Refusal
from gateway.identity.configuration import identity_of
from gateway.observability.metrics.monitor import Monitor
from gateway.observability.reports import Report, RequestResult
from gateway.payex.upstream import Upstream
from gateway.sandbox import TOKENS, SandboxFault, create_sandbox
from gateway.server.admission import Admission
from gateway.server.health import Readiness
from gateway.server.intake import Intake
from gateway.server.tls import renewal
from gateway.server.visits import Visits
from gateway.settings.load import load_settings
from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Call
from resolvers.payex.api.records import Member
from resolvers.payex.api.routes import Kind
from tests.deploy.shipped import document_of
from tests.metrics.conftest import CONNECTED, asked, invoice
from tests.metrics.samples import Samples
from tests.metrics.scraped import relabelled, rule_test, series, targets, written
from tests.metrics.shipped import ALERTS, PROMETHEUS

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is missing (Debian's package prometheus)"
)

NAMES: Final = set(re.findall(r"payex_usage_\w+", " ".join(alert["expr"] for alert in ALERTS)))
OF_TIME: Final = {
    "payex_usage_operation_overhead_seconds_bucket",
    "payex_usage_upstream_call_duration_seconds_bucket",
    "payex_usage_event_loop_lag_seconds",
}
OVER_THE_SANDBOX: Final = {
    **CONNECTED,
    "GATEWAY_LEDGER_TOKENS": f'{{"1234": "{TOKENS["1234"]}"}}',
}
SUBSCRIPTIONS: Final = "... on Invoice { subscriptions { __typename } }"


class Parts:
    """The monitor of a gateway, and what it watches, for what no request brings about quickly."""

    def __init__(self, **variables: str) -> None:
        settings = load_settings(CONNECTED | variables)
        self.admission = Admission(2)
        self.identity = identity_of(settings)
        self.readiness = Readiness(self.admission, lambda: self.identity.has_keys)
        self.upstream = Upstream(settings)
        visits = Visits(self.identity, self.admission, Intake(pending=1, size=1))
        self.renewal = renewal(settings)
        self.monitor = Monitor(settings, visits, self.readiness, self.upstream)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(Starlette(routes=self.monitor.routes())),
            base_url="http://localhost",
        )

    def observe(self, seconds: float, *calls: float) -> None:
        """Tell of operations that took so long, in calls of so long."""
        for _ in range(10):
            report = Report()
            report.ending, report.seconds, report.stats = (
                RequestResult.OK,
                seconds,
                OperationStats(max_calls=9),
            )
            for call in calls:
                report.stats.made(Call("/invoices/{invoiceNo}", 1, 200, 0.0, call))
            report.spent = report.stats.seconds(seconds)
            self.monitor.observe(report)

    async def refuse(self, token: str) -> None:
        """Tell of a request that was refused for its token."""
        scope = {"type": "http", "headers": [(b"authorization", f"Bearer {token}".encode())]}
        report = Report()
        with pytest.raises(Refusal) as refused:
            await self.identity.visitor(Request(scope))
        report.ending, report.codes = RequestResult.REFUSED, [refused.value.code]
        self.monitor.observe(report)


class Running(NamedTuple):
    """A gateway that runs.

    Attributes:
        client: its client.
        minute: lets happen what happens in a minute.
        timed: whether the times that it tells are made up. Others are those of a busy machine.
    """

    client: httpx.AsyncClient
    minute: Callable[[], Awaitable[object]]
    timed: bool = True


class Gateways:
    """Makes a gateway for each case.

    Args:
        serve: serves an app with some settings, over an upstream.
        folder: where files are made.
    """

    def __init__(self, serve: Any, folder: Path) -> None:
        self._serve = serve
        self._folder = folder
        self.stack = AsyncExitStack()

    async def sandbox(self, *faults: str, **variables: str) -> Running:
        """A gateway over the sandbox, which is asked for one invoice after the other."""
        upstream = httpx.ASGITransport(
            create_sandbox(faults=[SandboxFault.parse(one) for one in faults])
        )
        client = await self._serve({**OVER_THE_SANDBOX, **variables}, upstream)

        async def minute() -> None:
            for number in range(20):
                await client.post("/graphql", json=asked(invoice(str(number), SUBSCRIPTIONS)))

        return Running(client, minute, timed=False)

    async def certificates(self, days: int) -> Running:
        """A gateway whose two certificates expire in so many days."""
        path = str(self._certificate(days))
        return await self.sandbox(
            GATEWAY_CLIENT_CERTIFICATE_FILE=path, GATEWAY_TLS_CERTIFICATE_FILE=path
        )

    async def answers(self, answer: httpx.Response | Exception) -> Running:
        """A gateway whose upstream answers all calls alike."""

        def respond(_: httpx.Request) -> httpx.Response:
            if isinstance(answer, Exception):
                raise answer
            return answer

        client = await self._serve(CONNECTED, respond)

        async def minute() -> None:
            for number in range(3):
                await client.post("/graphql", json=asked(invoice(str(number))))

        return Running(client, minute, timed=False)

    async def queue(self) -> Running:
        """A gateway with more calls than places for them."""
        free, busy = asyncio.Event(), asyncio.Event()

        class Gate(httpx.AsyncBaseTransport):
            async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
                busy.set()
                await free.wait()
                return httpx.Response(200, json={})

        client = await self._serve({**CONNECTED, "GATEWAY_UPSTREAM_MAX_IN_FLIGHT": "1"}, Gate())
        body = asked(invoice("1"), invoice("2"))
        waiting = asyncio.create_task(client.post("/graphql", json=body))
        await busy.wait()

        async def end() -> None:
            free.set()
            await waiting

        self.stack.push_async_callback(end)
        return Running(client, _nothing, timed=False)

    async def keys(self, *, asked: bool = True) -> Running:
        """A gateway that could never read the issuer's keys, and is sent a token, if anything."""
        parts = self._parts(
            # Nobody listens there.
            GATEWAY_JWT_KEYS="http://127.0.0.1:1/jwks",
            GATEWAY_JWT_ISSUER="issuer",
            GATEWAY_JWT_AUDIENCE="payex-usage",
        )
        token = jwt.encode({"alg": "ES256"}, {"iss": "issuer"}, ECKey.generate_key("P-256"))
        assert parts.identity.keys
        self.stack.push_async_callback(parts.identity.keys.aclose)
        keys = parts.identity.keys

        async def minute() -> None:
            await keys.refresh()
            if asked:
                await parts.refuse(token)

        return Running(parts.client, minute)

    async def broken_keys(self) -> Running:
        """A gateway that could read the issuer's keys, until they were broken."""
        path = self._folder / "jwks.json"
        key = ECKey.generate_key("P-256", {"kid": "1"}).as_dict(private=False)
        path.write_text(json.dumps({"keys": [key]}))
        parts = self._parts(
            GATEWAY_JWT_KEYS=str(path), GATEWAY_JWT_ISSUER="issuer", GATEWAY_JWT_AUDIENCE="payex"
        )
        assert parts.identity.keys
        self.stack.push_async_callback(parts.identity.keys.aclose)
        keys = parts.identity.keys
        path.write_text("broken")
        return Running(parts.client, keys.refresh)

    async def draining(self) -> Running:
        """A gateway that stops."""
        parts = self._parts()
        parts.readiness.drain()
        return Running(parts.client, _nothing)

    async def full(self) -> Running:
        """A gateway that has as many operations as it may have, and is asked for more."""
        parts = self._parts()
        parts.admission.enter("anyone")
        parts.admission.enter("anyone")

        async def minute() -> None:
            assert not parts.admission.enter("anyone")
            parts.admission.refuse(0)

        return Running(parts.client, minute)

    async def slow(self, seconds: float, *calls: float) -> Running:
        """A gateway that takes so long, in calls of so long."""
        parts = self._parts()

        async def minute() -> None:
            parts.observe(seconds, *calls)

        return Running(parts.client, minute)

    async def busy(self, seconds: float) -> Running:
        """A gateway whose event loop was late by so much a moment ago."""
        parts, now = self._parts(), time.monotonic()
        for beat in (now - seconds, now):
            parts.upstream.policies.pulse.beat(beat)
        return Running(parts.client, _nothing)

    async def falls(self, reason: FallReason) -> Running:
        """A gateway whose plans cannot answer."""
        parts = self._parts()

        async def minute() -> None:
            report = Report()
            report.ending, report.fall = RequestResult.OK, reason
            parts.monitor.observe(report)

        return Running(parts.client, minute)

    async def unreadable(self, member: Member) -> Running:
        """A gateway that cannot read a member of a record."""
        parts = self._parts()

        async def minute() -> None:
            report = Report()
            report.ending, report.stats = RequestResult.OK, OperationStats(max_calls=9)
            report.stats.lacks(Kind.DETAILS, {member: 1})
            parts.monitor.observe(report)

        return Running(parts.client, minute)

    async def broken(self, setting: str) -> Running:
        """A gateway whose file was changed to something that cannot be used."""
        path = self._certificate(400)
        parts = self._parts(**{setting: str(path), "GATEWAY_CREDENTIALS_POLL": "0.1"})
        path.write_text("broken")
        await parts.upstream.credentials.refresh()
        if parts.renewal:
            await parts.renewal.refresh()

        async def minute() -> None:
            # A page is made once in a while.
            while not any(  # noqa: ASYNC110 - files tell nobody
                value and name.endswith("_broken")
                for (name, _), value in (await read(parts.client)).values_of_all.items()
            ):
                await asyncio.sleep(0.01)

        return Running(parts.client, minute)

    def _parts(self, **variables: str) -> Parts:
        parts = Parts(**variables)
        self.stack.push_async_callback(parts.client.aclose)
        return parts

    def _certificate(self, days: int) -> Path:
        end = datetime.now(UTC) + timedelta(days=days)
        leaf = trustme.CA().issue_cert("gateway.example", not_after=end)
        path = self._folder / f"{days}.pem"
        path.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
        return path


async def _nothing() -> None:
    """Let nothing happen."""


async def read(client: httpx.AsyncClient) -> Samples:
    """Return the page."""
    return Samples((await client.get("/metrics")).text)


FAILS: Final = {"PayexUsageErrors", "PayexUsageUpstreamFailing"}
CASES: Final[dict[str, tuple[Callable[[Gateways], Awaitable[Running]], set[str]]]] = {
    "all is well": (lambda made: made.certificates(400), set()),
    "PayEx fails": (
        lambda made: made.sandbox("*=503-empty"),
        FAILS | {"PayexUsageBreakerOpen", "PayexUsageRetryBudgetExhausted"},
    ),
    "PayEx fails at times": (lambda made: made.sandbox("*=503-empty@0.02"), set()),
    "PayEx refuses the token": (
        lambda made: made.sandbox("*=401"),
        FAILS | {"PayexUsageCredentialsRefused"},
    ),
    "PayEx is slow": (lambda made: made.slow(6.0, 6.0), {"PayexUsageUpstreamSlow"}),
    "the gateway is slow": (lambda made: made.slow(1.0, 0.1), {"PayexUsageGatewaySlow"}),
    "both are as usual": (lambda made: made.slow(0.11, 0.1), set()),
    "PayEx sends what nobody can read": (
        lambda made: made.unreadable(Member("startTime", "startTime")),
        {"PayexUsageMembersUnreadable"},
    ),
    "PayEx asks to slow down": (
        lambda made: made.answers(httpx.Response(429, headers={"Retry-After": "600"})),
        FAILS | {"PayexUsageHeldBack"},
    ),
    "the loop is busy": (lambda made: made.busy(2.0), {"PayexUsageEventLoopLate"}),
    "the loop is busy at times": (lambda made: made.busy(0.2), set()),
    "a plan fails": (lambda made: made.falls(FallReason.UNEXPECTED), {"PayexUsagePlanFails"}),
    "no plan can answer": (lambda made: made.falls(FallReason.UNPLANNABLE), set()),
    "the gateway has a bug": (
        lambda made: made.answers(RuntimeError()),
        {"PayexUsageFailing", "PayexUsageErrors", "PayexUsagePlanFails"},
    ),
    "it is full": (
        lambda made: made.full(),
        {"PayexUsageShedding", "PayexUsageSaturated", "PayexUsageNotReady"},
    ),
    "it stops": (lambda made: made.draining(), {"PayexUsageNotReady"}),
    "calls wait": (lambda made: made.queue(), {"PayexUsageCallsQueued"}),
    "certificates expire": (
        lambda made: made.certificates(10),
        {"PayexUsageCertificateExpires", "PayexUsageServerCertificateExpires"},
    ),
    "certificates expire soon": (
        lambda made: made.certificates(3),
        {"PayexUsageCertificateExpiresSoon", "PayexUsageServerCertificateExpiresSoon"},
    ),
    "a client certificate is broken": (
        lambda made: made.broken("GATEWAY_CLIENT_CERTIFICATE_FILE"),
        {"PayexUsageCredentialsBroken"},
    ),
    "the server's certificate is broken": (
        lambda made: made.broken("GATEWAY_TLS_CERTIFICATE_FILE"),
        {"PayexUsageCredentialsBroken"},
    ),
    "the issuer is away": (
        lambda made: made.keys(),
        {"PayexUsageKeysMissing", "PayexUsageNotReady"},
    ),
    "the issuer is away, and a load balancer knows": (
        lambda made: made.keys(asked=False),
        {"PayexUsageKeysMissing", "PayexUsageNotReady"},
    ),
    "the issuer's keys are broken": (
        lambda made: made.broken_keys(),
        {"PayexUsageKeysStale"},
    ),
    "Redis is away": (
        lambda made: made.sandbox(GATEWAY_CACHE_URL="unix:///nowhere/redis"),
        {"PayexUsageSharedCacheGone"},
    ),
}
OF_TARGETS: Final = {"PayexUsageAbsent", "PayexUsageInstanceDown"}


@pytest.fixture
async def gateways(serve: Any, tmp_path: Path) -> AsyncIterator[Gateways]:
    """Makes the gateways of the cases."""
    made = Gateways(serve, tmp_path)
    async with made.stack:
        yield made


def stored(before: Samples, after: Samples, target: dict[str, str], *, timed: bool) -> Any:
    """Return each series that the alerts name: its value, and how much it grows in a minute."""
    names = NAMES if timed else NAMES - OF_TIME
    first, now = series(before, target), time.time()
    return {
        name: (
            # In `promtool` it is 1970. What never happened has no time.
            value - (now if value and "_timestamp_seconds" in name else 0),
            value - first.get(name, 0) if re.search(r"_(total|bucket|count|sum)\b", name) else 0,
        )
        for name, value in series(after, target).items()
        if name.partition("{")[0] in names
    }


def run(groups: Any, folder: Path) -> None:
    """Run the rules over series, and compare what fires."""
    file = folder / "test.yml"
    file.write_text(rule_test(str(PROMETHEUS / "alerts.yml"), groups))
    done = subprocess.run(  # noqa: S603 - a tool of Debian's
        ["promtool", "test", "rules", str(file)],  # noqa: S607 - wherever it is
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.parametrize("case", CASES)
async def test_what_a_gateway_exports_fires_these_alerts_and_no_others(
    gateways: Gateways, tmp_path: Path, case: str
) -> None:
    make, firing = CASES[case]
    client, minute, timed = await make(gateways)
    before = await read(client)
    await minute()
    after = await read(client)

    groups = {
        file: (
            {written("up", target): (1, 0), **stored(before, after, target, timed=timed)},
            firing,
        )
        for file, (target, *_) in targets().items()
    }
    await asyncio.to_thread(run, groups, tmp_path)


@needs_promtool
def test_a_target_that_cannot_be_read_fires_its_alert_and_none_at_all_another(
    tmp_path: Path,
) -> None:
    build = {"payex_usage_build_info": 1, "payex_usage_ready": 1}
    run(
        {
            f"{file} {up}": (
                {
                    written("up", target): (up, 0),
                    written("up", {**target, "instance": "other"}): (1, 0),
                    **{written(name, target): (value, 0) for name, value in build.items() if up},
                },
                set() if up else OF_TARGETS,
            )
            for file, (target, *_) in targets().items()
            for up in (0, 1)
        },
        tmp_path,
    )


def test_every_alert_fires_in_a_case_and_stays_silent_in_another() -> None:
    fired = [firing for _, firing in CASES.values()]

    assert OF_TIME <= NAMES
    assert set().union(*fired) | OF_TARGETS == {alert["alert"] for alert in ALERTS}
    assert set() in fired


def test_every_way_of_scraping_gives_the_job_of_the_alerts_and_an_instance() -> None:
    for file, found in targets().items():
        assert {target["job"] for target in found} == {"payex-usage-gateway"}, file
        assert len({target["instance"] for target in found}) == len(found) > 0, file


def test_kubernetes_gives_what_the_adapter_goes_by() -> None:
    """A pod has several ports, and is one target."""
    (rule,) = document_of("kubernetes/prometheus-adapter.yaml")["rules"]["custom"]
    needed = set(re.findall(r'(\w+)!=""', rule["seriesQuery"]))
    found = targets()

    for file in ("kubernetes.yml", "pod-monitor.yaml"):
        (target,) = found[file]
        assert needed == {"namespace", "pod"} <= set(target)
        assert target["instance"] == target["pod"] == "gateway-5d8f"


def test_no_label_of_a_page_gives_way_to_one_of_a_target(page: Samples) -> None:
    """It would be kept as `exported_...`, which no alert names."""
    of_targets = {label for found in targets().values() for one in found for label in one}

    assert not of_targets & set().union(*page.labels.values())


def test_a_target_that_is_not_meant_is_dropped() -> None:
    (kubernetes,) = document_of("prometheus/kubernetes.yml")["scrape_configs"]
    name, port = (
        "__meta_kubernetes_pod_label_app_kubernetes_io_name",
        ("__meta_kubernetes_pod_container_port_name"),
    )
    meant = {name: "payex-usage-gateway", port: "metrics"}

    assert relabelled(meant, kubernetes["relabel_configs"])
    for other in ({name: "other"}, {port: "http"}, {"__meta_kubernetes_pod_phase": "Succeeded"}):
        assert relabelled({**meant, **other}, kubernetes["relabel_configs"]) is None
