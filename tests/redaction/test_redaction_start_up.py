"""What keeps the gateway from starting is told without what it was given; nothing shows itself."""

import json
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway.app import create_app
from gateway.identity.configuration import identity_of
from gateway.observability.reports import Report
from gateway.payex.credentials import credentials_of
from gateway.payex.upstream import Upstream
from gateway.server.tls import tls_options
from gateway.settings.load import SettingsError, load_settings
from gateway.settings.settings import Settings
from resolvers.bounds import Bounds
from resolvers.operation import Operation
from resolvers.payex.api.answers import Answer
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.problems import parse_problem
from resolvers.payex.api.routes import Billing, Holder, Kind, Routes
from resolvers.payex.credentials.access import CredentialsError
from resolvers.rights import Numbers, Rights
from tests.redaction.known import KNOWN, NUMBERS, SECRETS, leaks
from tests.redaction.talkative_payex import CONNECTED

pytestmark = pytest.mark.no_cover  # other tests cover the same, and tracing doubles its time

SECRET = SECRETS["reference token"]
NUMBER = NUMBERS["subscription number"]
ALL = " ".join(KNOWN.values())
AUTHORITY = trustme.CA()
CERTIFICATE = AUTHORITY.issue_cert("gateway.example")
# Each line of a private key is a secret.
PEM = CERTIFICATE.private_key_pem.bytes().decode()
KEY_LINES = {f"line {n} of the key": line for n, line in enumerate(PEM.splitlines()[1:-1])}
WHAT_STARTS = (create_app, identity_of, tls_options, credentials_of)


@contextmanager
def refusing() -> Iterator[list[str]]:
    """Keep what a refusal tells: its sentences, and what stands in its traceback."""
    told: list[str] = []
    try:
        yield told
    except (SettingsError, CredentialsError) as error:
        told += [str(error), repr(error), *map(str, error.args)]
        told += traceback.format_exception(error)


def start(variables: Mapping[str, str]) -> list[str]:
    """Return what is told while everything is made that starting needs."""
    with refusing() as refused:
        settings = load_settings({f"GATEWAY_{name}": value for name, value in variables.items()})
        told = [repr(settings), str(settings)]
        for make in WHAT_STARTS:
            with refusing() as also:
                told.append(repr(make(settings)))
            told += also
        return told
    return refused


@pytest.mark.parametrize("value", [SECRET, f'{{"x": "{SECRET}"}}', f'["{SECRET}"]', f'"{SECRET}'])
@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_secret_in_a_setting_that_it_is_not_for(name: str, value: str) -> None:
    """A line too high or too low in a file of variables, say."""
    with refusing() as told:
        load_settings({f"GATEWAY_{name.upper()}": value})

    # A fault of the sandbox is told by what was taken for one.
    assert name == "sandbox_faults" or leaks("".join(told)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CACHE_URL", f"redis://user:{SECRET}@"),
        ("CACHE_URL", f"redis://user:{SECRET}@host:port/x"),
        ("CACHE_URL", f"redis://host/0?password={SECRET}&unknown={NUMBER}"),
        ("CACHE_URL", f"{SECRET}://host"),
        ("UPSTREAM_ORIGIN", f"https://user:{SECRET}@payex.example"),
        ("UPSTREAM_ORIGIN", f"https://payex.example/{SECRET}"),
        ("JWT_KEYS", f"https://user:{SECRET}@issuer.example/jwks"),
        ("JWT_KEYS", f"http://issuer.example/{SECRET}"),
        ("LEDGER_TOKENS", f'{{"{SECRET}": "1234"}}'),
        ("LEDGER_TOKENS", f'{{"1234": ["{SECRET}"]}}'),
        ("LEDGER_TOKENS", f'{{"1234": "{SECRET}\\n"}}'),
        ("LEDGER_TOKENS", f'{{"1234": "{SECRET}"'),
        ("UPSTREAM_HEADERS", f'{{"x y": "{SECRET}"}}'),
        ("UPSTREAM_HEADERS", f'{{"x": "{SECRET}\\r\\nx: y"}}'),
    ],
)
def test_a_secret_in_its_own_setting_that_is_not_right(name: str, value: str) -> None:
    for others in ({}, CONNECTED):
        assert leaks("".join(start({**others, name: value}))) == []


def test_secrets_in_settings_that_are_right() -> None:
    url = f"rediss://user:{SECRETS['password of Redis']}@127.0.0.1:1/0"

    told = start({**CONNECTED, "CACHE_URL": url})

    assert "_Service" in "".join(told)
    assert leaks("".join(told)) == []


FILES = {
    "nothing": "",
    "words": ALL,
    "lines": "\n".join(KNOWN.values()),
    "JSON": json.dumps(KNOWN),
    "JSON that ends early": json.dumps(KNOWN)[:-9],
    "a set of keys": json.dumps({"keys": [{"kty": "oct", "k": SECRET, "kid": NUMBER}, KNOWN]}),
    "TOML": f'[ledgers.1234]\ntoken = "{SECRET}"\n',
    "TOML of other keys": f'[ledgers."{SECRET}"]\n"{NUMBER}" = "{SECRET}"\n',
    "TOML that is none": f'[ledgers.1234]\ntoken_file = "{SECRET}\n',
    "a key": PEM,
    "a key that is none": PEM.replace("\n", f"\n{SECRET}\n", 2),
    "a certificate": CERTIFICATE.cert_chain_pems[0].bytes().decode(),
}
NAMES = [
    ("CREDENTIALS_FILE", {"UPSTREAM_ORIGIN": "https://payex.example"}),
    ("CLIENT_CERTIFICATE_FILE", CONNECTED),
    ("UPSTREAM_CA_FILE", CONNECTED),
    ("JWT_KEYS", {**CONNECTED, "JWT_ISSUER": "x", "JWT_AUDIENCE": "y"}),
    ("ROUTER_SECRET_FILE", CONNECTED),
    ("PSEUDONYM_KEY_FILE", CONNECTED),
    ("TLS_CERTIFICATE_FILE", CONNECTED),
    ("TRUSTED_DOCUMENTS", CONNECTED),
    ("CONFIG", {}),
]


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
@pytest.mark.parametrize(("name", "others"), NAMES, ids=lambda given: str(given)[:20])
def test_a_file_of_another_content(
    name: str, others: Mapping[str, str], content: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_text(content)

    told = "".join(start({**others, name: str(path)}))

    assert leaks(told, {**KNOWN, **KEY_LINES}) == []


def test_a_key_and_its_passphrase(tmp_path: Path) -> None:
    for name, content in (("cert", FILES["a certificate"]), ("key", PEM), ("phrase", ALL)):
        (tmp_path / name).write_text(content)
    files = {
        "TLS_CERTIFICATE_FILE": "cert",
        "TLS_KEY_FILE": "key",
        "TLS_KEY_PASSPHRASE_FILE": "phrase",
        "CLIENT_CERTIFICATE_FILE": "cert",
        "CLIENT_KEY_FILE": "key",
        "CLIENT_KEY_PASSPHRASE_FILE": "phrase",
    }
    variables = {name: str(tmp_path / file) for name, file in files.items()}

    told = "".join(start({**CONNECTED, **variables}))

    assert leaks(told, {**KNOWN, **KEY_LINES}) == []


async def test_nothing_shows_the_numbers_that_it_holds() -> None:
    """A representation gets into a log by itself: asyncio shows those of what it runs."""
    settings = load_settings({f"GATEWAY_{name}": value for name, value in CONNECTED.items()})
    upstream = Upstream(settings)
    rights = Rights(numbers={"1234": Numbers(frozenset({NUMBER}), frozenset({NUMBER}))})
    operation = Operation(
        upstream.payex,
        Bounds(max_calls=1, max_numbers=1, max_records=1, max_subscriptions=1),
        rights=rights,
    )
    holder = Holder("1234", Billing.BILLED, NUMBERS["invoice number"])
    route = Routes().of(holder, Kind.DETAILS, NUMBER)
    body = json.dumps({"Type": "x", "Detail": ALL, "Problems": [KNOWN]})
    problem = parse_problem(404, body.encode())
    assert problem is not None
    things: list[Any] = [
        settings,
        upstream,
        upstream.credentials,
        upstream.payex,
        upstream.transport,
        operation,
        operation.stats,
        holder,
        route,
        problem,
        Answer(problem, 1),
        Fault(FaultCode.UPSTREAM_ERROR),
        Report(stats=operation.stats),
        rights,
    ]

    for thing in things:
        assert leaks(repr(thing)) == [], type(thing)
        assert leaks(str(thing)) == [], type(thing)
