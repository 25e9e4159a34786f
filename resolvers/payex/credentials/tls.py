"""The TLS context of a client of PayEx: which servers it trusts, and from which version on."""

import re
import ssl

import certifi

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----\s.+?-----END CERTIFICATE-----", re.DOTALL)


def pem_certificates(pem: bytes) -> list[bytes]:
    """Return the certificates of a PEM file as DER, in their order.

    Raises:
        ValueError: there is none, or one of them cannot be read.
    """
    try:
        found = [
            ssl.PEM_cert_to_DER_cert(block.decode("latin-1")) for block in _CERTIFICATE.findall(pem)
        ]
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=b"".join(found))
    except (ssl.SSLError, ValueError):
        raise ValueError("holds no PEM certificate that can be read") from None
    return found


def client_context(authorities: bytes = b"") -> ssl.SSLContext:
    """Return a context that checks the server's certificate and name, from TLS 1.2 on.

    PayEx requires TLS 1.2.

    Args:
        authorities: certificates that are trusted beside the public ones, as DER, end to end.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authorities:
        context.load_verify_locations(cadata=authorities)
    return context
