"""What keeps the gateway from starting is told in a sentence, and the exit status is 2."""

import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway.cli import main
from tests.gateway.service import ELSE, ROOT, SECONDS, running

SECRET = "s3cret-reference-token"  # noqa: S105 - opens nothing
QUERY = '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { __typename } } }'
SERVERS, STRANGERS = trustme.CA(), trustme.CA()


def nobody(_: Any, **__: Any) -> None:
    """Stand in for the server where it must not be started."""
    raise AssertionError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of files that cannot be used, and some that can."""
    leaf = SERVERS.issue_cert("localhost")
    files = {
        "server.pem": leaf.cert_chain_pems[0].bytes(),
        "server.key": leaf.private_key_pem.bytes(),
        "other.key": STRANGERS.issue_cert("localhost").private_key_pem.bytes(),
        "garbage": f"{SECRET} = [".encode(),
        "short": b"short",
        "jwks.json": b'{"keys": []}',
        "manifest.json": b'{"a": "{ owner }", "b": "query"}',
        "credentials.toml": b'[ledgers.1234]\ntoken_file = "absent"\n',
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


PAYEX = {"UPSTREAM_ORIGIN": "https://payex.example", "INSECURE": "1"}
CONNECTED = {**PAYEX, "LEDGER_TOKENS": f'{{"1234": "{SECRET}"}}'}
TOKENS = {"JWT_ISSUER": "https://issuer.example", "JWT_AUDIENCE": "payex-usage"}
SERVED = {"TLS_CERTIFICATE_FILE": "server.pem", "TLS_KEY_FILE": "server.key"}
# The setting that is to be named, and what is wrong with it.
WRONG = [
    ("TLS_CERTIFICATE_FILE", {**SERVED, "TLS_CERTIFICATE_FILE": "absent"}, "No such file"),
    ("TLS_CERTIFICATE_FILE", {**SERVED, "TLS_CERTIFICATE_FILE": "."}, "Is a directory"),
    ("TLS_CERTIFICATE_FILE", {**SERVED, "TLS_CERTIFICATE_FILE": "garbage"}, "PEM"),
    ("TLS_KEY_FILE", {**SERVED, "TLS_KEY_FILE": "absent"}, "No such file"),
    ("TLS_KEY_FILE", {**SERVED, "TLS_KEY_FILE": "other.key"}, "does not belong"),
    ("TLS_KEY_FILE", {**SERVED, "TLS_KEY_FILE": "garbage"}, "no PEM private key"),
    ("TLS_CLIENT_CA_FILE", {**SERVED, "TLS_CLIENT_CA_FILE": "garbage"}, "PEM"),
    ("JWT_KEYS", {**TOKENS, "JWT_KEYS": "absent"}, "No such file"),
    ("JWT_KEYS", {**TOKENS, "JWT_KEYS": "garbage"}, "holds no JWKS"),
    ("JWT_KEYS", {**TOKENS, "JWT_KEYS": "jwks.json"}, "key"),
    ("ROUTER_SECRET_FILE", {"ROUTER_SECRET_FILE": "absent"}, "No such file"),
    ("ROUTER_SECRET_FILE", {"ROUTER_SECRET_FILE": "short"}, "at least 32 characters"),
    ("PSEUDONYM_KEY_FILE", {"PSEUDONYM_KEY_FILE": "absent"}, "No such file"),
    ("PSEUDONYM_KEY_FILE", {"PSEUDONYM_KEY_FILE": "short"}, "at least 32 bytes"),
    ("TRUSTED_DOCUMENTS", {"TRUSTED_DOCUMENTS": "absent"}, "No such file"),
    ("TRUSTED_DOCUMENTS", {"TRUSTED_DOCUMENTS": "garbage"}, "is not JSON"),
    ("TRUSTED_DOCUMENTS", {"TRUSTED_DOCUMENTS": "manifest.json"}, "document 2: is not GraphQL"),
    ("CREDENTIALS_FILE", {**PAYEX, "CREDENTIALS_FILE": "absent"}, "No such file"),
    ("CREDENTIALS_FILE", {**PAYEX, "CREDENTIALS_FILE": "garbage"}, "is not TOML (at "),
    ("CREDENTIALS_FILE", {**PAYEX, "CREDENTIALS_FILE": "credentials.toml"}, "1234.token_file"),
    ("UPSTREAM_CA_FILE", {**CONNECTED, "UPSTREAM_CA_FILE": "absent"}, "No such file"),
    ("CLIENT_CERTIFICATE_FILE", {**CONNECTED, "CLIENT_CERTIFICATE_FILE": "absent"}, "No such file"),
    ("CACHE_URL", {"CACHE_URL": f"redis://:{SECRET}@cache:x/0"}, "is not understood"),
    ("CACHE_PASSWORD_FILE", {"CACHE_URL": "redis://a/0", "CACHE_PASSWORD_FILE": "absent"}, "No su"),
]


def variables(given: dict[str, str], folder: Path) -> dict[str, str]:
    """Return the environment: settings by their names, and files of the folder by theirs."""
    return {
        f"GATEWAY_{name}": str(folder / value)
        if name.endswith(("FILE", "KEYS", "MENTS"))
        else value
        for name, value in given.items()
    }


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(("setting", "given", "told"), WRONG)
def test_a_file_that_cannot_be_used_is_told_with_its_setting(
    setting: str,
    given: dict[str, str],
    told: str,
    workers: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line, no traceback, no secret, status 2; also where each process would read the file."""
    environment = variables(given, folder) | {"GATEWAY_WORKERS": workers}

    assert main(["serve"], environment=environment, run=nobody) == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert (
        line.startswith(f"payex-usage-gateway: GATEWAY_{setting}: ") or "CACHE_URL is not" in line
    )
    assert told in line
    assert SECRET not in line


def test_what_is_wrong_is_told_all_at_once_each_on_a_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever runs it need not start it once for each mistake."""
    given = {
        **CONNECTED,
        **TOKENS,
        "CLIENT_CERTIFICATE_FILE": "absent",
        "JWT_KEYS": "absent",
        "TLS_CERTIFICATE_FILE": "absent",
        "TRUSTED_DOCUMENTS": "absent",
    }

    assert main(["serve"], environment=variables(given, folder), run=nobody) == 2

    lines = capsys.readouterr().err.splitlines()
    assert [re.findall(r"GATEWAY_\w+", line) for line in lines] == [
        ["GATEWAY_CLIENT_CERTIFICATE_FILE"],
        ["GATEWAY_JWT_KEYS"],
        ["GATEWAY_TRUSTED_DOCUMENTS"],
        ["GATEWAY_TLS_CERTIFICATE_FILE"],
    ]


def test_wrong_values_and_unknown_names_are_told_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What settings say together is left out: it may be wrong because of a name that is."""
    file = tmp_path / "gateway.toml"
    file.write_text("prt = 1\nworkers = 0\n")
    environment = {
        "GATEWAY_CONFIG": str(file),
        "GATEWAY_JWT_KEY": "jwks.json",
        "GATEWAY_LEDGER_TOKENS": SECRET,
        "GATEWAY_SANDBOX_FAULTS": "x",
        "GATEWAY_UPSTREAM_ORIGIN": "https://payex.example",
    }

    assert main(["serve", "--port", "x"], environment=environment, run=nobody) == 2

    assert capsys.readouterr().err.replace("payex-usage-gateway: ", "").splitlines() == [
        "GATEWAY_JWT_KEY is no setting; did you mean GATEWAY_JWT_KEYS?",
        "'prt' in the file of GATEWAY_CONFIG is no setting; did you mean port?",
        "GATEWAY_LEDGER_TOKENS must be JSON.",
        "GATEWAY_SANDBOX_FAULTS must be JSON.",
        "GATEWAY_PORT: must be a whole number.",
        "GATEWAY_WORKERS: must be greater than or equal to 1.",
    ]


def test_settings_that_do_not_go_together_are_told_of_once_the_names_are_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment = variables({"JWT_KEY": "x", "UPSTREAM_ORIGIN": "https://payex.example"}, Path())

    assert main(["serve"], environment=environment, run=nobody) == 2

    assert capsys.readouterr().err == (
        "payex-usage-gateway: GATEWAY_JWT_KEY is no setting; did you mean GATEWAY_JWT_KEYS?\n"
    )


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"port = 1\nhost = \n", "at line 2, column 8"),
        (f"[ledger_tokens]\n1234 = {SECRET}\n".encode(), "at line 2, column 8"),
        (f'x = {{"{SECRET}" = 1, "{SECRET}" = 2}}\n'.encode(), "at line 1, column 64"),
        (b"port = '\xff'", "it is not UTF-8"),
        (b"port = " + b"[" * 10_000, "it nests too deeply"),
    ],
)
def test_a_config_that_is_not_toml_is_told_by_line_and_column(
    content: bytes, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing of it is quoted, and the names of unknown variables stand beside it."""
    file = tmp_path / "gateway.toml"
    file.write_bytes(content)
    environment = {"GATEWAY_CONFIG": str(file), "GATEWAY_PRT": "1"}

    assert main(["serve"], environment=environment, run=nobody) == 2

    assert capsys.readouterr().err.replace("payex-usage-gateway: ", "").splitlines() == [
        "GATEWAY_PRT is no setting; did you mean GATEWAY_PORT?",
        f"GATEWAY_CONFIG is not TOML: {place}.",
    ]


def command(*arguments: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Run the command in a process of its own, and return its exit status and what it printed."""
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "gateway", *arguments],
        cwd=ROOT,
        env={**ELSE, **(environment or {})},
        capture_output=True,
        timeout=SECONDS,
        check=False,
        text=True,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_a_process_that_cannot_start_prints_one_line_and_ends_with_2(folder: Path) -> None:
    given = variables({**SERVED, "TLS_KEY_FILE": "other.key"}, folder)

    status, printed = command("--port", "0", "--workers", "2", environment=given)

    assert status == 2
    assert printed == (
        "payex-usage-gateway: GATEWAY_TLS_KEY_FILE: the private key does not belong to the "
        "certificate.\n"
    )


@pytest.mark.parametrize("arguments", [["serve", "--workers", "2"], ["sandbox"]])
def test_a_port_that_is_taken_prints_one_line_and_ends_with_2(arguments: list[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        status, printed = command(*arguments, "--port", port)

    assert status == 2
    assert f"127.0.0.1:{port} cannot be listened on: Address already in use." in printed
    assert "Traceback" not in printed


def test_a_shared_cache_without_its_package_prints_one_line_and_ends_with_2(
    tmp_path: Path,
) -> None:
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "__init__.py").write_text("raise ImportError\n")

    environment = {"GATEWAY_CACHE_URL": "redis://cache/0", "PYTHONPATH": str(tmp_path)}

    status, printed = command("--port", "0", environment=environment)

    assert status == 2
    assert printed == (
        "payex-usage-gateway: GATEWAY_CACHE_URL needs the package redis: "
        "pip install 'payex-usage-gateway[redis]' brings it.\n"
    )


def closed_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        return int(other.getsockname()[1])


def test_a_shared_cache_that_is_away_is_warned_of_once_and_done_without(tmp_path: Path) -> None:
    url = f"redis://:{SECRET}@127.0.0.1:{closed_port()}/0"
    with running(tmp_path / "log", "--port", "0", GATEWAY_CACHE_URL=url) as service:
        replies = [service.request("POST", "/graphql", json={"query": QUERY}) for _ in range(3)]
        status = service.stop()

    assert [reply.json()["data"]["owner"]["invoice"] for reply in replies] == [
        {"__typename": "Invoice"}
    ] * 3
    assert service.printed.count("The shared cache is gone") == 1
    assert SECRET not in service.printed
    assert status == 0


def test_an_issuer_that_is_away_is_told_of_once_and_tokens_are_answered_by_503(
    tmp_path: Path,
) -> None:
    """The gateway starts, and takes tokens once the keys have come."""
    given = {**TOKENS, "JWT_KEYS": f"http://127.0.0.1:{closed_port()}/jwks"}
    environment = {f"GATEWAY_{name}": value for name, value in given.items()}
    token = "eyJhbGciOiJSUzI1NiJ9.e30.AAAA"  # noqa: S105 - nobody signed it
    with running(tmp_path / "log", "--port", "0", **environment) as service:
        headers = {"authorization": f"Bearer {token}"}
        replies = [
            service.request("POST", "/graphql", json={"query": QUERY}, headers=headers)
            for _ in range(2)
        ]
        status = service.stop()

    assert [reply.status_code for reply in replies] == [503, 503]
    assert service.printed.count("the keys of GATEWAY_JWT_KEYS are broken, no token can be") == 1
    assert "Traceback" not in service.printed
    assert status == 0
