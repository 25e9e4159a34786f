"""Challenges: what a caller is told who did not prove who they are (RFC 6750, RFC 9110)."""

from http import HTTPStatus
from typing import Final

from gateway.http.refusals import Refusal

REALM: Final = "payex-usage"
INVALID_TOKEN: Final = "invalid_token"  # noqa: S105 - a code of RFC 6750
INVALID_REQUEST: Final = "invalid_request"


def unidentified(detail: str, error: str | None = None) -> Refusal:
    """Return a refusal with 401.

    Args:
        detail: what is wrong, in the gateway's own words: it stands in a header, and repeats
            nothing that the caller sent.
        error: the code of RFC 6750, section 3.1; None where no token was sent at all.
    """
    challenge = f'Bearer realm="{REALM}"'
    if error:
        challenge += f', error="{error}", error_description="{detail}"'
    return Refusal(HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": challenge})


def forbidden(detail: str) -> Refusal:
    """Return a refusal with 403: who asks is known, and it does not help to prove it again."""
    return Refusal(HTTPStatus.FORBIDDEN, detail)
