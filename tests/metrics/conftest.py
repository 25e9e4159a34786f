"""A gateway that has met everything that is counted, and the page that it tells of it."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import trustme
from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.app import create_app
from gateway.settings.load import load_settings
from tests.metrics.samples import Samples

Serve = Callable[..., Awaitable[httpx.AsyncClient]]

CONNECTED = {
    "GATEWAY_UPSTREAM_ORIGIN": "https://payex.example",
    "GATEWAY_LEDGER_TOKENS": '{"1234": "token-of-1234"}',
    "GATEWAY_INSECURE": "1",
    # These tests read a page, let something happen, and read the next one.
    "GATEWAY_METRICS_MAX_AGE": "0",
}


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves with these variables, in front of this upstream, and returns a client."""
    async with AsyncExitStack() as stack:

        async def start(
            environment: Mapping[str, str],
            upstream: httpx.AsyncBaseTransport | Callable[[httpx.Request], httpx.Response],
        ) -> httpx.AsyncClient:
            if not isinstance(upstream, httpx.AsyncBaseTransport):
                upstream = httpx.MockTransport(upstream)
            app = create_app(
                load_settings({"GATEWAY_METRICS_MAX_AGE": "0", **environment}), upstream=upstream
            )
            await stack.enter_async_context(app.router.lifespan_context(app))
            return await stack.enter_async_context(
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app), base_url="http://localhost:8000"
                )
            )

        yield start


def invoice(number: str, selection: str = "__typename") -> str:
    """Return a field that asks for an invoice."""
    return f'a{number}: invoice(invoiceNo: "{number}") {{ {selection} }}'


def asked(*fields: str) -> dict[str, str]:
    """Return the body of a request for these fields of a ledger."""
    return {"query": f'{{ owner(ownerNo: "1234") {{ {" ".join(fields)} }} }}'}


@pytest.fixture
async def busy(serve: Serve, tmp_path: Path) -> httpx.AsyncClient:
    """A gateway with all that it can have, which has met an answer, a problem and a fault.

    Its upstream fails each first attempt at invoice 503, and always at 500.
    """
    tried: set[str] = set()

    def payex(request: httpx.Request) -> httpx.Response:
        number = request.url.path.split("/")[6]
        if number == "500" or (number == "503" and number not in tried):
            tried.add(number)
            return httpx.Response(int(number))
        if number == "404":
            problem = {"type": "https://payex.example/problems/invoice-not-found", "status": 404}
            return httpx.Response(404, json={**problem, "title": "There is none"})
        return httpx.Response(200, json={})

    key = ECKey.generate_key("P-256", private=True)
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    claims = {"iss": "issuer", "aud": "payex-usage", "ledgers": ["1234"], "scope": "usage:read"}
    leaf = trustme.CA().issue_cert("acme.example")
    certificate = tmp_path / "acme.pem"
    certificate.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
    client = await serve(
        {
            **CONNECTED,
            "GATEWAY_CLIENT_CERTIFICATE_FILE": str(certificate),
            "GATEWAY_TLS_CERTIFICATE_FILE": str(certificate),
            "GATEWAY_JWT_KEYS": str(keys),
            "GATEWAY_JWT_ISSUER": claims["iss"],
            "GATEWAY_JWT_AUDIENCE": claims["aud"],
            "GATEWAY_CACHE_URL": f"unix://{tmp_path}/no-redis",
        },
        payex,
    )
    token = jwt.encode({"alg": "ES256"}, {**claims, "exp": int(time.time()) + 600}, key)
    client.headers["Authorization"] = f"Bearer {token}"
    for body in (
        asked(invoice("1"), invoice("503"), invoice("500"), invoice("404")),
        asked(invoice("1"), invoice("1", "invoiceNo").replace("a1", "b1")),
        {"query": "{ nothing }"},
    ):
        await client.post("/graphql", json=body)
    return client


@pytest.fixture
async def page(busy: httpx.AsyncClient) -> Samples:
    """What a gateway tells that has met everything."""
    return Samples((await busy.get("/metrics")).text)
