"""What failed of TLS is told from OpenSSL's codes, and never in OpenSSL's words."""

import ssl

import httpx
import pytest

from resolvers.payex.http.handshake import NO_TLS, failure


def alert(reason: str | None) -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL] of host 070")
    error.reason = reason  # type: ignore[assignment]
    return error


def untrusted(code: int) -> ssl.SSLError:
    error = ssl.SSLCertVerificationError(1, "of host 070")
    error.verify_code = code
    return error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
            "The server wants a client certificate, and was shown none.",
        ),
        (
            alert("TLSV1_ALERT_UNKNOWN_CA"),
            "The server refused the client certificate: its issuer is unknown.",
        ),
        (
            alert("SSLV3_ALERT_CERTIFICATE_EXPIRED"),
            "The server refused the client certificate: it has expired, or is not valid yet.",
        ),
        (
            alert("TLSV1_ALERT_PROTOCOL_VERSION"),
            "The server speaks no version of TLS from 1.2 on.",
        ),
        (alert("WRONG_VERSION_NUMBER"), NO_TLS),
        (alert("LENGTH_MISMATCH"), "TLS failed: LENGTH_MISMATCH."),
        (alert(None), "TLS failed: unknown."),
        (untrusted(10), "The server's certificate is not trusted: it has expired."),
        (untrusted(62), "The server's certificate is not trusted: it is for another host name."),
        (untrusted(99), "The server's certificate is not trusted: OpenSSL's code is 99."),
        (ValueError("070"), ""),
        (httpx.ReadError("070"), ""),
    ],
)
def test_a_failure_is_told(error: Exception, told: str) -> None:
    assert failure(error) == told


def test_a_failure_is_found_behind_what_the_http_client_raised() -> None:
    """It may be the cause, or what was being handled."""
    outer, middle = httpx.ConnectError("070"), OSError("070")
    outer.__cause__ = middle
    middle.__context__ = untrusted(20)
    assert failure(outer) == (
        "The server's certificate is not trusted: its issuer is unknown; see "
        "GATEWAY_UPSTREAM_CA_FILE."
    )
