"""Why TLS with PayEx failed, in words for the operator's log.

The words follow from OpenSSL's codes. Its own texts may quote a certificate.
"""

import ssl

# By the `verify_code` of OpenSSL (x509_vfy.h): what the gateway found of the server's certificate.
_SERVER = {
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is self-signed",
    19: "its issuer is unknown; see GATEWAY_UPSTREAM_CA_FILE",
    20: "its issuer is unknown; see GATEWAY_UPSTREAM_CA_FILE",
    21: "its issuer is unknown; see GATEWAY_UPSTREAM_CA_FILE",
    62: "it is for another host name",
    64: "it is for another IP address",
}
# By the name of the TLS alert (RFC 8446, section 6.2): what the server said before it left. That it
# said nothing has a name of OpenSSL's.
_REFUSED = "The server refused the client certificate"
LEFT = (
    "The server left in the middle of the handshake, as some do when they refuse the client "
    "certificate."
)
NO_TLS = "The server at this port does not use TLS; check the scheme of GATEWAY_UPSTREAM_ORIGIN."
LEFT_AFTER = (
    "The other end closed the connection without an answer. If it does so at every call, it may "
    "refuse the client certificate, or want one: with TLS 1.3 it does so after the handshake."
)
_ALERTS = {
    "ACCESS_DENIED": f"{_REFUSED}: access is denied.",
    "BAD_CERTIFICATE": f"{_REFUSED}: it is broken.",
    "CERTIFICATE_EXPIRED": f"{_REFUSED}: it has expired, or is not valid yet.",
    "CERTIFICATE_REQUIRED": "The server wants a client certificate, and was shown none.",
    "CERTIFICATE_REVOKED": f"{_REFUSED}: it is revoked.",
    "CERTIFICATE_UNKNOWN": f"{_REFUSED}.",
    "HANDSHAKE_FAILURE": (
        "The server broke the handshake off, as it does when it is shown no client certificate."
    ),
    "PROTOCOL_VERSION": "The server speaks no version of TLS from 1.2 on.",
    "UNEXPECTED_EOF_WHILE_READING": LEFT,
    "UNKNOWN_CA": f"{_REFUSED}: its issuer is unknown.",
    "WRONG_VERSION_NUMBER": NO_TLS,
    "UNSUPPORTED_CERTIFICATE": f"{_REFUSED}: its kind is not supported.",
}


def failure(error: BaseException | None) -> str:
    """Return a sentence on why TLS failed; empty if something else failed.

    Args:
        error: the HTTP client's exception. The TLS error may be among its causes.
    """
    cause = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = _SERVER.get(cause.verify_code, f"OpenSSL's code is {cause.verify_code}")
            return f"The server's certificate is not trusted: {why}."
        if isinstance(cause, ssl.SSLError):
            reason = cause.reason or "unknown"
            # The reason is the alert's name behind the protocol in which it was introduced.
            alert = reason.rpartition("ALERT_")[2]
            return _ALERTS.get(alert, f"TLS failed: {reason}.")
        cause = cause.__cause__ or cause.__context__
    return ""
