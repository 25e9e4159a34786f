"""The media type of a reply, as the client prefers it."""

from http import HTTPStatus
from typing import Final, NamedTuple

from gateway.http.header_fields import Element, elements, remembered
from gateway.http.refusals import Refusal

JSON: Final = "application/json"
GRAPHQL_JSON: Final = "application/graphql-response+json"


class Accepted(NamedTuple):
    """The media type of the reply.

    Attributes:
        media_type: `GRAPHQL_JSON` or `JSON`.
        named: whether the client names it, rather than accepting anything.
    """

    media_type: str
    named: bool


@remembered
def accepted(header: str) -> Accepted:
    """Return the acceptable media type of the highest quality.

    Plain JSON wins a tie unless the client names the GraphQL type: routers that accept anything
    read the body of a 200 only.

    Args:
        header: the list of the request's `Accept`; empty accepts anything.

    Raises:
        Refusal: 406, the client accepts neither type.
    """
    offers: dict[str, tuple[float, int]] = {}
    given = list(enumerate(elements(header) or elements("*/*")))
    # Of two ranges of one name, the one that says more counts.
    for place, element in sorted(given, key=lambda each: _says_nothing_more(each[1])):
        if is_utf_8(element):
            offers.setdefault(element.name, (element.weight, -place))
    anything = offers.get("application/*", offers.get("*/*", (0.0, 0)))
    plain = offers.get(JSON, anything)
    # Who takes anything but plain JSON takes the GraphQL type.
    graphql = offers.get(GRAPHQL_JSON, (0.0, 0) if plain[0] else anything)
    if max(plain, graphql)[0] <= 0:
        raise Refusal(HTTPStatus.NOT_ACCEPTABLE, f"Replies are {GRAPHQL_JSON} or {JSON} in UTF-8.")
    if graphql > plain:
        return Accepted(GRAPHQL_JSON, named=True)
    return Accepted(JSON, named=JSON in offers)


def _says_nothing_more(media_range: Element) -> bool:
    return all(name == "q" for name, _ in media_range.parameters)


def is_utf_8(media_type: Element) -> bool:
    """Whether a media type has the charset UTF-8 or none."""
    charsets = (value for name, value in media_type.parameters if name == "charset")
    return all(charset.lower() == "utf-8" for charset in charsets)
