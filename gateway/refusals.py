"""Refusals: what is answered in place of a GraphQL reply, as problem details (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response


class Refusal(Exception):  # noqa: N818 - refusing is no error of the gateway's
    """There is no GraphQL reply: the request is refused before it is GraphQL, or all fails."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        headers: Mapping[str, str] | None = None,
        *,
        support_id: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers or {}
        self.support_id = support_id

    def response(self) -> Response:
        """Return what happened as problem details (RFC 9457)."""
        body = {"title": self.status.phrase, "status": self.status.value, "detail": str(self)}
        if self.support_id:
            body["supportId"] = self.support_id
        return Response(
            msgspec.json.encode(body),
            self.status,
            self.headers,
            media_type="application/problem+json",
        )


async def refused(_: Request, error: Exception) -> Response:
    """Answer in place of Starlette's plain text: no such page, or not by this method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for no other
    return Refusal(HTTPStatus(error.status_code), error.detail, error.headers).response()
