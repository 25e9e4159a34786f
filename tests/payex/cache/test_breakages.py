"""Why the shared cache fails is told in words."""

import ssl

import pytest
import redis.asyncio as redis

from resolvers.payex.cache.breakages import why_gone, why_refused


def untrusted() -> ssl.SSLError:
    """Return what OpenSSL says of a certificate of an unknown issuer."""
    error = ssl.SSLCertVerificationError(1, "of host 070")
    error.verify_code = 20
    return error


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (redis.AuthenticationError("070"), "The password is refused."),
        (TimeoutError("070"), "No answer came in time."),
        (redis.ConnectionError("070"), "The connection failed."),
        (
            untrusted(),
            "The server's certificate is not trusted: its issuer is unknown.",
        ),
    ],
    ids=repr,
)
def test_an_outage_is_told_by_its_cause_and_names_no_setting_of_payex(
    error: Exception, why: str
) -> None:
    assert why_gone(error, redis) == why


def test_a_refusal_of_another_kind_has_a_reason_of_its_own() -> None:
    assert why_refused(redis.ResponseError("070")) == "for a reason of its own"
