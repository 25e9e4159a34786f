"""The media types of a reply, and which of them a client likes best."""

from functools import lru_cache
from http import HTTPStatus
from typing import Final, NamedTuple

from gateway.refusals import Refusal

JSON: Final = "application/json"
GRAPHQL_JSON: Final = "application/graphql-response+json"


class Accepted(NamedTuple):
    """The media type of the reply.

    Attributes:
        media_type: `GRAPHQL_JSON` or `JSON`.
        named: whether the client names it, and does not just take anything.
    """

    media_type: str
    named: bool


# The same few come time and again; a bound keeps clients from filling the memory with others.
@lru_cache(maxsize=32)
def accepted(header: str) -> Accepted:
    """Return the acceptable media type of the highest quality.

    Plain JSON wins a tie unless the client names the GraphQL type: routers that accept anything
    read the body of a 200 only.

    Args:
        header: the request's `Accept`; empty accepts anything.

    Raises:
        Refusal: 406, the client accepts neither type.
    """
    offers: dict[str, tuple[float, int]] = {}
    for place, part in enumerate(header.lower().split(",") if header.strip() else ["*/*"]):
        name, *parameters = (text.strip() for text in part.split(";"))
        quality = next((_quality(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        if "charset=utf-8" in parameters or not any(p.startswith("charset=") for p in parameters):
            offers.setdefault(name, (quality, -place))
    anything = offers.get("application/*", offers.get("*/*", (0.0, 0)))
    plain = offers.get(JSON, anything)
    graphql = offers.get(GRAPHQL_JSON, (0.0, 0))
    if max(plain, graphql)[0] <= 0:
        raise Refusal(HTTPStatus.NOT_ACCEPTABLE, f"Replies are {GRAPHQL_JSON} or {JSON} in UTF-8.")
    if graphql > plain:
        return Accepted(GRAPHQL_JSON, named=True)
    return Accepted(JSON, named=JSON in offers)


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
