"""Claims of a user that a trusted router forwards after verifying the user's token.

They are in a header, or in the request's `extensions`, in the form of Hive Gateway's JWT plugin
(`@graphql-mesh/plugin-jwt-auth` 2.0):

    {"query": "...", "extensions": {"jwt": {"payload": {"sub": "...", "ledger": "1234"}}}}

They are not signed: the code that calls this module must check that a trusted router sent them.
"""

import base64
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request

from gateway.http.header_fields import lines
from gateway.http.json_texts import UnreadableJSONError, read_json
from gateway.http.refusals import Refusal
from gateway.http.requests import CLAIMS_EXTENSION
from gateway.identity.bearer_tokens import TokenClock

CLAIMS_HEADER: Final = "payex-usage-claims"


class ForwardedClaims:
    """Reads forwarded claims, and checks their times.

    Args:
        clock: checks the times.
    """

    def __init__(self, clock: TokenClock) -> None:
        self._clock = clock

    def in_header(self, request: Request) -> dict[str, Any]:
        """Return the claims in the header, which must be present.

        Raises:
            Refusal: 400 if they cannot be read; 401 if their times are wrong.
        """
        text, *others = lines(request.headers, CLAIMS_HEADER)
        if others:
            raise Refusal(
                HTTPStatus.BAD_REQUEST, f"The request has several {CLAIMS_HEADER} headers."
            )
        return self._checked(_decoded(text), f"{CLAIMS_HEADER}, in base64url,")

    def in_extensions(self, extensions: Mapping[str, Any]) -> dict[str, Any]:
        """Return the claims in the extensions, which must have some.

        Raises:
            Refusal: as `in_header`.
        """
        forwarded = extensions[CLAIMS_EXTENSION]
        payload = forwarded.get("payload") if isinstance(forwarded, Mapping) else None
        return self._checked(payload, f"extensions.{CLAIMS_EXTENSION}.payload")

    def _checked(self, claims: Any, where: str) -> dict[str, Any]:
        if not isinstance(claims, dict):
            raise Refusal(HTTPStatus.BAD_REQUEST, f"{where} must be one JSON object of claims.")
        # The router has checked these two against its configuration, and may omit them.
        self._clock.check({name: claims[name] for name in claims.keys() - {"iss", "aud"}})
        return claims


def _decoded(text: str) -> Any:
    unpadded = text.rstrip("=").encode("latin-1")
    try:
        claims = base64.b64decode(unpadded + b"=" * (-len(unpadded) % 4), b"-_", validate=True)
    except ValueError:
        return None
    try:
        return read_json(claims, strictly=True)
    except UnreadableJSONError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"{CLAIMS_HEADER} {error}.") from None
