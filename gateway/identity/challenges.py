"""Refusals of callers who did not prove who they are, or who may not see (RFC 6750, RFC 9110)."""

from http import HTTPStatus
from typing import Final

from gateway.http.refusals import Refusal

REALM: Final = "payex-usage"
INVALID_TOKEN: Final = "invalid_token"  # noqa: S105 - a code of RFC 6750
INVALID_REQUEST: Final = "invalid_request"


def unidentified(detail: str, error: str | None = None) -> Refusal:
    """Return a refusal with 401.

    Args:
        detail: what is wrong, in the gateway's own words. It is part of a header, and repeats
            nothing that the caller sent.
        error: the code of RFC 6750, section 3.1; None if no token was sent.
    """
    challenge = f'Bearer realm="{REALM}"'
    if error:
        challenge += f', error="{error}", error_description="{detail}"'
    return Refusal(HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": challenge})


def forbidden(detail: str) -> Refusal:
    """Return a refusal with 403: the caller is known, and another token does not help."""
    return Refusal(HTTPStatus.FORBIDDEN, detail)
