"""The status of a GraphQL reply: the audit suite and the newest draft differ."""

import enum
from http import HTTPStatus

from gateway.http.media_types import GRAPHQL_JSON, JSON, Accepted

# The draft's status of a reply that holds both data and errors. Python's table lacks it.
PARTIAL_SUCCESS = 294


class HttpProfile(enum.StrEnum):
    """How to read "GraphQL over HTTP".

    `AUDIT` is what the public audit suite (graphql-http, October 2025) expects: invalid documents
    and variables are 400, and a reply of plain JSON is 200. `DRAFT` is the draft of August 2026:
    they are 422, a partial answer is 294, and a client that names plain JSON gets the same
    statuses.
    """

    AUDIT = "audit"
    DRAFT = "draft"

    @property
    def ill_formed(self) -> HTTPStatus:
        """The status of a request that is JSON but no GraphQL request."""
        if self is HttpProfile.DRAFT:
            return HTTPStatus.UNPROCESSABLE_ENTITY
        return HTTPStatus.BAD_REQUEST

    def executed(self, accepted: Accepted, *, partial: bool) -> int:
        """Return the status of an executed operation.

        Args:
            accepted: the media type of the reply.
            partial: whether there are errors beside the data.
        """
        if self is HttpProfile.DRAFT and partial and accepted.media_type == GRAPHQL_JSON:
            return PARTIAL_SUCCESS
        return HTTPStatus.OK

    def refused(self, accepted: Accepted, status: HTTPStatus) -> tuple[int, str]:
        """Return the status and the media type of a reply without data.

        A client that accepts anything gets plain JSON and 200 in both profiles: routers that do so
        read no other reply, and our error codes would be lost.

        Args:
            accepted: the media type that was negotiated.
            status: what happened.
        """
        if accepted.media_type == JSON and (self is HttpProfile.AUDIT or not accepted.named):
            return HTTPStatus.OK, JSON
        return status, accepted.media_type if status == HTTPStatus.OK else GRAPHQL_JSON
