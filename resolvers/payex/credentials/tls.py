"""The TLS context of a client of PayEx: its trusted authorities and lowest version."""

import ssl
from collections.abc import Iterable

import certifi
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_pem_x509_certificates


def pem_certificates(pem: bytes) -> list[Certificate]:
    """Return the certificates of a PEM file, in their order.

    Raises:
        ValueError: there is none, or cryptography or OpenSSL cannot read one of them.
    """
    try:
        found = load_pem_x509_certificates(pem)
        # OpenSSL gets them next. It is the stricter of the two in places.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=as_der(found))
    except (ssl.SSLError, ValueError):
        raise ValueError("has no PEM certificate that can be read") from None
    return found


def as_der(certificates: Iterable[Certificate]) -> bytes:
    """Return certificates as concatenated DER, in which OpenSSL accepts several."""
    return b"".join(each.public_bytes(Encoding.DER) for each in certificates)


def client_context(authorities: bytes = b"") -> ssl.SSLContext:
    """Return a context that checks the server's certificate and name, from TLS 1.2 on.

    PayEx requires TLS 1.2.

    Args:
        authorities: trusted certificates beside the public ones, as concatenated DER.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authorities:
        context.load_verify_locations(cadata=authorities)
    return context
