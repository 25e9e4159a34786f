"""Refusals: replies that are no GraphQL replies, as problem details (RFC 9457)."""

import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

COUNTED: Final = "payex-usage-refusals"
"""Where a connection finds what counts its refusals, by their codes: in the state of its app."""

# RFC 9110 renamed these. Python has the new names from 3.13 on, and a code must not depend on that.
_RENAMED: Final = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}


class Refusal(Exception):  # noqa: N818 - refusing is no error of the gateway's
    """The request is refused before GraphQL, or fails as a whole."""

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

    @property
    def code(self) -> str:
        """The status by its name, and 401 by GraphQL's word."""
        if self.status is HTTPStatus.UNAUTHORIZED:
            return "UNAUTHENTICATED"
        return code_of(self.status)

    def response(self) -> Response:
        """Return the problem details (RFC 9457).

        `errors` repeats them as an extension: routers that find it pass on our code, and make up
        their own otherwise.
        """
        body: dict[str, Any] = {
            "title": _title(self.status),
            "status": self.status.value,
            "detail": str(self),
            "errors": [{"message": str(self), "extensions": {"code": self.code}}],
        }
        if self.support_id:
            body["supportId"] = self.support_id
        return Response(
            msgspec.json.encode(body),
            self.status,
            {"Cache-Control": "no-store", **self.headers},
            media_type="application/problem+json",
        )


def code_of(status: HTTPStatus) -> str:
    """Return the name of a status as a code: `CONTENT_TOO_LARGE` for 413."""
    return re.sub("[^A-Z]+", "_", _title(status).upper())


def _title(status: HTTPStatus) -> str:
    return _RENAMED.get(status, status.phrase)


def refuses(there_is: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return an exception handler in place of Starlette's plain text for unknown pages.

    Args:
        there_is: a sentence on which pages there are.
    """

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for no other
        status, headers = HTTPStatus(error.status_code), error.headers or {}
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            # Static files leave it out.
            headers = {"Allow": "GET, HEAD", **headers}
        details = {
            HTTPStatus.NOT_FOUND: f"There is no such page. {there_is}",
            HTTPStatus.METHOD_NOT_ALLOWED: (
                f"This page is asked by {headers.get('Allow', '').replace(', ', ' or ')}."
            ),
        }
        return Refusal(status, details.get(status, error.detail), headers).response()

    return refused
