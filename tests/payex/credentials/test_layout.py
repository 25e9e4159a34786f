"""The TOML file of credentials: what it may say, and how it is refused."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from resolvers.payex.credentials.access import CredentialsError
from resolvers.payex.credentials.client_certificate import ClientCertificate
from resolvers.payex.credentials.layout import Layout, Ledger, read_layout
from resolvers.payex.credentials.watched_files import File, WatchedFiles

SECRET = "s3cret-reference-token"  # noqa: S105 - opens nothing


def layout(folder: Path, toml: str | bytes) -> Layout:
    """Read a layout from a file with this content."""
    path = folder / "credentials.toml"
    path.write_bytes(toml if isinstance(toml, bytes) else toml.encode())
    return read_layout(File(path, "credentials.toml"), WatchedFiles())


def test_a_layout_names_files_by_their_keys_and_finds_them_beside_itself(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "1234.token"
    found = layout(
        tmp_path,
        f"""
        [tenants.acme]
        certificate = "acme.pem"
        key = "keys/acme.key"
        passphrase_file = "acme.pass"
        [tenants.other]
        certificate = "other.pem"
        [ledgers.1234]
        tenant = "acme"
        token_file = '{elsewhere}'
        [ledgers.5678]
        token = "{SECRET}"
        """,
    )
    keys = "credentials.toml: tenants.acme"
    assert found == Layout(
        tenants={
            "acme": ClientCertificate(
                File(tmp_path / "acme.pem", f"{keys}.certificate"),
                File(tmp_path / "keys/acme.key", f"{keys}.key"),
                File(tmp_path / "acme.pass", f"{keys}.passphrase_file"),
            ),
            "other": ClientCertificate(
                File(tmp_path / "other.pem", "credentials.toml: tenants.other.certificate")
            ),
        },
        ledgers={
            "1234": Ledger(File(elsewhere, "credentials.toml: ledgers.1234.token_file"), "acme"),
            "5678": Ledger(SecretStr(SECRET)),
        },
    )
    assert SECRET not in repr(found)


TENANT = '[tenants.acme]\ncertificate = "a"\n'


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("", "ledgers: is missing."),
        ("[ledgers]", "ledgers: has no ledger."),
        ("ledgers = 1", "ledgers: must be a table."),
        ("tenants = 1\n[ledgers.1]\ntoken = 'a'", "tenants: must be a table."),
        ("[ledgers]\n1234 = 'a'", "ledgers.1234: must be a table."),
        ("[ledger.1]\ntoken = 'a'", "ledger: is not a key; did you mean ledgers?"),
        ("[ledgers.1]\ntoken = 1", "ledgers.1.token: must be text."),
        ("[ledgers.1]\ntokn = 'a'", "ledgers.1.tokn: is not a key; did you mean token?"),
        ("[ledgers.1]", "ledgers.1: give either token or token_file."),
        (
            "[ledgers.1]\ntoken = 'a'\ntoken_file = 'a'",
            "ledgers.1: give either token or token_file.",
        ),
        ("[ledgers.1]\ntoken_file = ''", "ledgers.1.token_file: must not be empty."),
        (
            "[ledgers.1]\ntoken = ' '",
            "ledgers.1.token: the token must be printable ASCII, and not empty.",
        ),
        (
            f"[ledgers.1]\ntoken = '{SECRET}\\u00e5'".replace("'", '"'),
            "ledgers.1.token: the token must be printable ASCII, and not empty.",
        ),
        (
            f'[ledgers.1]\ntoken = "{SECRET}\\n{SECRET}"',
            "ledgers.1.token: the token must be printable ASCII, and not empty.",
        ),
        (
            f"[ledgers.'{SECRET}']\ntoken = 1",
            "ledgers: a ledger number has 22 characters; at most 15 are allowed.",
        ),
        (
            "[ledgers.1]\ntoken = 'a'\ntenant = 'acme'",
            "ledgers.1.tenant: is not a tenant of the file, which has none.",
        ),
        (
            f"[ledgers.1]\ntoken = 'a'\ntenant = 'amce'\n{TENANT}",
            "ledgers.1.tenant: is not a tenant of the file; did you mean acme?",
        ),
        (
            "[ledgers.1]\ntoken = 'a'\n[tenants.acme]\nkey = 'a'",
            "tenants.acme.certificate: is missing.",
        ),
        (
            f"[ledgers.1]\ntoken = 'a'\n{TENANT}passphrase = 'a'",
            "tenants.acme.passphrase: is not a key; did you mean passphrase_file?",
        ),
    ],
)
def test_what_the_file_cannot_say_is_refused_by_its_key(
    tmp_path: Path, toml: str, told: str
) -> None:
    with pytest.raises(CredentialsError) as caught:
        layout(tmp_path, toml)
    assert str(caught.value) in {
        f"credentials.toml: {told}",
        f"credentials.toml: ledgers: is missing. credentials.toml: {told}",
    }
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__ or not caught.value.__context__


def test_each_wrong_key_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError) as caught:
        layout(tmp_path, "[ledgers.1]\n[ledgers.2]\ntenan = 1\n")
    assert str(caught.value) == (
        "credentials.toml: ledgers.1: give either token or token_file. "
        "credentials.toml: ledgers.2.tenan: is not a key; did you mean tenant?"
    )


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("[ledgers.1]\ntoken = s3cret", "is not TOML (at line 2, column 9)."),
        (b"\xff", "is not TOML."),
        (b"a = " + b"[" * 100_000, "is not TOML."),
    ],
    ids=["syntax", "not UTF-8", "depth"],
)
def test_a_file_that_is_not_toml_is_refused_by_the_place_alone(
    tmp_path: Path, toml: str | bytes, told: str
) -> None:
    with pytest.raises(CredentialsError, match=r"^credentials.toml: is not TOML") as caught:
        layout(tmp_path, toml)
    assert str(caught.value) == f"credentials.toml: {told}"
