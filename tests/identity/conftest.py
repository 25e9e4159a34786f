"""An issuer with real keys, and requests of those who have its tokens."""

import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from pydantic_settings import EnvSettingsSource
from starlette.requests import Request

from gateway.settings.settings import Settings

NOW = 1_900_000_000
ISSUER = "https://issuer.example/"
AUDIENCE = "payex-usage"
URL = "https://issuer.example/jwks"
# Made once: a key of RSA takes a tenth of a second.
KEYS: dict[str, Key] = {
    "RS256": RSAKey.generate_key(2048),
    "PS256": RSAKey.generate_key(2048),
    "ES256": ECKey.generate_key("P-256"),
    "ES384": ECKey.generate_key("P-384"),
    "Ed25519": OKPKey.generate_key("Ed25519"),
    "EdDSA": OKPKey.generate_key("Ed448"),
}


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        """Return the seconds since 1970."""
        return self.now


class Anything(JWSRegistry):
    """Signs by every algorithm, and with headers of any length."""

    max_header_length = 4096

    def __init__(self) -> None:
        super().__init__(strict_check_header=False)

    def get_alg(self, name: str) -> JWSAlgModel:
        """Return an algorithm, also a deprecated one."""
        return self.algorithms[name]


class Issuer:
    """Signs tokens, and serves its keys over a transport.

    Attributes:
        published: the keys that it serves, as JWKs; the key of RS256 at first.
        fetched: how often they were asked for.
        respond: answers in place of the keys.
    """

    def __init__(self) -> None:
        self.published = [self.jwk("RS256")]
        self.fetched = 0
        self.respond: Callable[[httpx.Request], httpx.Response] | None = None
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def jwk(self, algorithm: str, **members: Any) -> dict[str, Any]:
        """Return the public key of an algorithm; its `kid` is the algorithm's name."""
        jwk = {**KEYS[algorithm].as_dict(private=False), "kid": algorithm, **members}
        return {name: value for name, value in jwk.items() if value is not None}

    @property
    def jwks(self) -> bytes:
        """What it serves."""
        return json.dumps({"keys": self.published}).encode()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of an agent of ledger 1234; None takes one away."""
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "exp": NOW + 600,
            "sub": "anna@example",
            "ledgers": ["1234"],
            "scope": "usage:read",
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self, algorithm: str = "RS256", header: Mapping[str, Any] | None = None, **claims: Any
    ) -> str:
        """Return a token that is signed by the key of the algorithm."""
        head = {"alg": algorithm, "kid": algorithm, **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        return jwt.encode(head, self.claims(**claims), KEYS[algorithm], registry=Anything())

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.fetched += 1
        if self.respond:
            return self.respond(request)
        assert str(request.url) == URL
        return httpx.Response(200, content=self.jwks)


def unsigned(header: Any, payload: Any, signature: bytes = b"") -> str:
    """Return what has the form of a token."""
    parts = [
        part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)
    ]
    encoded = [base64.urlsafe_b64encode(part).rstrip(b"=") for part in (*parts, signature)]
    return b".".join(encoded).decode()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    yield issuer
    await issuer.client.aclose()


@pytest.fixture(scope="session")
def forge() -> Callable[..., str]:
    """Makes what has the form of a token, of header, payload and signature."""
    return unsigned


@pytest.fixture
def configured() -> Callable[..., Settings]:
    """Makes settings of variables, given without their prefix."""

    def of(**variables: Any) -> Settings:
        source = EnvSettingsSource(Settings)
        source.env_vars = {f"gateway_{name}": str(value) for name, value in variables.items()}
        return Settings(**source())

    return of


@pytest.fixture
def with_tokens(configured: Callable[..., Settings]) -> Callable[..., Settings]:
    """Makes settings by which the issuer's tokens are taken."""

    def of(**variables: Any) -> Settings:
        known = {"jwt_keys": URL, "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}
        return configured(**{**known, **variables})

    return of


@pytest.fixture
def ask() -> Callable[..., Request]:
    """Makes a request with these headers, a list of values for several of one name."""

    def of(headers: Mapping[str, str | list[str]] | None = None, **scope: Any) -> Request:
        pairs = [
            (name.lower().encode(), value.encode("latin-1"))
            for name, values in (headers or {}).items()
            for value in ([values] if isinstance(values, str) else values)
        ]
        return Request({"type": "http", "method": "POST", "headers": pairs, **scope})

    return of


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    """The file of a router's secret, which is `secret-` and 32 times `r`."""
    path = tmp_path / "router.secret"
    path.write_text("secret-" + 32 * "r" + "\n")
    return path
