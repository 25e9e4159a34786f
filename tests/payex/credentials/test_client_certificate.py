"""A client certificate that cannot be used is refused by file and key, and shows no secret."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from resolvers.payex.credentials.access import CredentialsError
from resolvers.payex.credentials.client_certificate import ClientCertificate
from resolvers.payex.credentials.state import Shown
from resolvers.payex.credentials.tls import client_context, pem_certificates
from resolvers.payex.credentials.watched_files import File, WatchedFiles

AUTHORITY = trustme.CA()
END = datetime(2099, 1, 1, tzinfo=UTC)
LEAF = AUTHORITY.issue_cert("acme.example", not_after=END)
OTHER = AUTHORITY.issue_cert("other.example")
CERTIFICATE = LEAF.cert_chain_pems[0].bytes()
KEY = LEAF.private_key_pem.bytes()
PASSPHRASE = b"a passphrase"
ENCRYPTED = load_pem_private_key(KEY, None).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE)
)


def load(
    folder: Path, certificate: bytes, key: bytes | None = None, passphrase: bytes | None = None
) -> datetime:
    """Load a certificate from files with this content, and return when it expires."""

    def put(name: str, content: bytes) -> File:
        (folder / name).write_bytes(content)
        return File(folder / name, f"the {name}")

    source = ClientCertificate(
        put("certificate", certificate),
        None if key is None else put("key", key),
        None if passphrase is None else put("passphrase", passphrase),
    )
    return source.read(WatchedFiles()).load(client_context()).not_valid_after_utc


@pytest.mark.parametrize(
    ("certificate", "key", "passphrase"),
    [
        (CERTIFICATE, KEY, None),
        (CERTIFICATE + KEY, None, None),
        (KEY + CERTIFICATE, None, None),
        (CERTIFICATE + AUTHORITY.cert_pem.bytes(), KEY, None),
        (CERTIFICATE, ENCRYPTED, PASSPHRASE),
        (CERTIFICATE, ENCRYPTED, PASSPHRASE + b"\r\n"),
        (CERTIFICATE + ENCRYPTED, None, PASSPHRASE),
        (CERTIFICATE, KEY, b"not needed"),
    ],
)
def test_a_certificate_is_loaded_from_one_file_or_two_and_tells_its_end(
    tmp_path: Path, certificate: bytes, key: bytes | None, passphrase: bytes | None
) -> None:
    assert load(tmp_path, certificate, key, passphrase) == END


@pytest.mark.parametrize(
    ("certificate", "key", "passphrase", "told"),
    [
        (b"", KEY, None, "the certificate: has no PEM certificate that can be read."),
        (KEY, KEY, None, "the certificate: has no PEM certificate that can be read."),
        (CERTIFICATE, b"", None, "the key: has no PEM private key that can be read."),
        pytest.param(
            CERTIFICATE,
            KEY[:99],
            None,
            "the key: has no PEM private key that can be read.",
            id="a key that is cut off",
        ),
        (CERTIFICATE, CERTIFICATE, None, "the key: has no PEM private key that can be read."),
        (
            CERTIFICATE,
            None,
            None,
            "the certificate: has no PEM private key, and no other key file is given.",
        ),
        (
            CERTIFICATE,
            OTHER.private_key_pem.bytes(),
            None,
            "the key: the private key does not belong to the certificate.",
        ),
        (
            CERTIFICATE + OTHER.private_key_pem.bytes(),
            None,
            None,
            "the certificate: the private key does not belong to the certificate.",
        ),
        (
            CERTIFICATE,
            AUTHORITY.issue_cert("a", key_type=trustme.KeyType.RSA).private_key_pem.bytes(),
            None,
            "the key: the private key does not belong to the certificate.",
        ),
        (
            CERTIFICATE,
            ENCRYPTED,
            None,
            "the key: the private key is encrypted, and no passphrase is given.",
        ),
        (
            CERTIFICATE,
            ENCRYPTED,
            b"wrong",
            "the passphrase: the passphrase does not open the private key.",
        ),
        (
            CERTIFICATE,
            ENCRYPTED,
            b"",
            "the passphrase: the passphrase does not open the private key.",
        ),
        (
            CERTIFICATE,
            ENCRYPTED,
            b"x" * 2000,
            "the passphrase: the passphrase does not open the private key.",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_by_the_name_of_its_key(
    tmp_path: Path, certificate: bytes, key: bytes | None, passphrase: bytes | None, told: str
) -> None:
    with pytest.raises(CredentialsError) as caught:
        load(tmp_path, certificate, key, passphrase)
    assert str(caught.value) == told
    assert caught.value.__suppress_context__


def test_a_weak_certificate_is_refused_by_openssl_s_name_of_the_weakness(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - as weak as the test needs it
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "weak.example")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(END)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(CredentialsError) as caught:
        load(tmp_path, certificate, plain)
    assert str(caught.value) == (
        "the certificate: the certificate is too weak for this OpenSSL (EE_KEY_TOO_SMALL)."
    )


def test_neither_files_nor_passphrase_show_in_a_representation(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(PASSPHRASE)
    file = File(path, "key")
    assert "passphrase" not in repr(ClientCertificate(file, file, file).read(WatchedFiles()))


def test_a_certificate_is_objected_to_before_its_first_second_and_after_its_last(
    tmp_path: Path,
) -> None:
    start, end = datetime(2026, 1, 31, tzinfo=UTC), datetime(2051, 2, 28, 12, tzinfo=UTC)
    leaf = AUTHORITY.issue_cert("acme.example", not_before=start, not_after=end)
    (certificate,) = pem_certificates(leaf.cert_chain_pems[0].bytes())
    shown = Shown(File(tmp_path, "key"), certificate)
    second = timedelta(seconds=1)

    assert shown.objection(start) == shown.objection(end) == ""
    assert shown.objection(start - second) == (
        "the certificate is not valid before 2026-01-31 00:00 UTC"
    )
    assert shown.objection(end + second) == "the certificate expired at 2051-02-28 12:00 UTC"
