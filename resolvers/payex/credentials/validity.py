"""From when to when a certificate is valid.

Python's standard library tells the dates of a peer's certificate only. An own one has them in two
known places of its DER encoding (RFC 5280, section 4.1), which are read here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

_SEQUENCE = 0x30
_UTC_TIME = 0x17
# Years of two digits end here: 50 is 1950 (RFC 5280, section 4.1.2.5.1).
_CENTURY = b"50"


@dataclass(frozen=True, slots=True)
class Validity:
    """The two ends of a certificate's validity, both included, to the second."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, der: bytes) -> Self:
        """Return when a certificate is valid.

        Args:
            der: a certificate that OpenSSL has read, so that its structure is sound.

        Raises:
            ValueError: a date is none, or something stands behind the certificate.
        """
        ((_, certificate),) = _elements(der)
        _, signed = next(_elements(certificate))
        # Before the validity stand the signature's algorithm and the issuer, sequences as well.
        sequences = [content for tag, content in _elements(signed) if tag == _SEQUENCE]
        return cls(*(_time(tag, content) for tag, content in _elements(sequences[2])))

    def objection(self, now: datetime) -> str:
        """Return what is wrong with the certificate now, or nothing."""
        if now > self.end:
            return f"the certificate expired at {self.end:%Y-%m-%d %H:%M} UTC"
        if now < self.start:
            return f"the certificate is not valid before {self.start:%Y-%m-%d %H:%M} UTC"
        return ""


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of the DER elements that stand one behind the other."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        yield tag, data[at : at + length]
        at += length


def _time(tag: int, content: bytes) -> datetime:
    if tag == _UTC_TIME:
        content = (b"20" if content < _CENTURY else b"19") + content
    return datetime.strptime(content.decode("ascii"), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
