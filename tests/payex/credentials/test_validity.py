"""The dates of a certificate are read as what issued it wrote them."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.credentials.validity import Validity

AUTHORITY = trustme.CA()
MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2199, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
SECOND = timedelta(seconds=1)


def issued(start: datetime, end: datetime) -> bytes:
    """Return a certificate that is valid for this time, as DER."""
    leaf = AUTHORITY.issue_cert("client.example", not_before=start, not_after=end)
    return ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())


@given(st.lists(MOMENTS, min_size=2, max_size=2, unique=True).map(sorted))
def test_any_two_dates_are_read_in_either_of_their_encodings(ends: list[datetime]) -> None:
    """Up to 2049 the year has two digits, and four after it."""
    start, end = ends
    assert Validity.of(issued(start, end)) == Validity(start, end)


def test_dates_are_those_that_another_reader_finds() -> None:
    der = ssl.PEM_cert_to_DER_cert(AUTHORITY.cert_pem.bytes().decode())
    other = x509.load_der_x509_certificate(der)
    assert Validity.of(der) == Validity(other.not_valid_before_utc, other.not_valid_after_utc)


def test_a_certificate_is_objected_to_before_and_after_its_time() -> None:
    start, end = datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 28, 12, tzinfo=UTC)
    validity = Validity(start, end)
    assert validity.objection(start) == validity.objection(end) == ""
    assert validity.objection(start - SECOND) == (
        "the certificate is not valid before 2026-01-31 00:00 UTC"
    )
    assert validity.objection(end + SECOND) == "the certificate expired at 2026-02-28 12:00 UTC"


def test_what_stands_behind_a_certificate_is_refused() -> None:
    der = issued(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="too many values"):
        Validity.of(der + der)
