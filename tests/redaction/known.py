"""What must not get out of the gateway, in all the ways in which it could be spelled."""

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import quote, quote_plus

from resolvers.node_ids import NodeKind, encode

NUMBERS: Final = {
    "invoice number": "7300915500217",
    "customer number": "KUND-8812/å 4",
    "subscription number": "46701990601",
    "other subscription number": "46733300991",
    "called number": "46812345999",
}
WORDS: Final = {
    "name": "Agneta Hemlig",
    "word in a document": "Hemligord88",
    "subject of a token": "elsa.hemlig@example.com",
}
IDS: Final = {
    "id of an invoice": encode(NodeKind.INVOICE, "1234", NUMBERS["invoice number"]),
    "id of a subscription": encode(
        NodeKind.BILLED_SUBSCRIPTION,
        "1234",
        NUMBERS["invoice number"],
        NUMBERS["subscription number"],
    ),
}
SECRETS: Final = {
    "reference token": "s3cret-reference-token-of-1234",
    "header for PayEx": "s3cret-tracking-header",
    "password of Redis": "s3cret-redis-password",
    "secret of the router": "s3cret-of-the-router-" + 16 * "r",
    "key of pseudonyms": "s3cret-key-of-pseudonyms-" + 16 * "p",
    "password of a client": "s3cret-basic-password",
    "passphrase of a key": "s3cret-passphrase",
}
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")

KNOWN: Final = {**NUMBERS, **WORDS, **IDS, **SECRETS}


def leaks(text: str, known: Mapping[str, str] = KNOWN) -> list[str]:
    """Return the names of what a text holds, however it is spelled there."""
    folded = text.casefold()
    return [name for name, value in known.items() if any(one in folded for one in spelled(value))]


@cache
def spelled(value: str) -> frozenset[str]:
    """Return the spellings of a value, in lower case."""
    plain = value.encode()
    spellings = {
        value,
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        quote(quote(value, safe=""), safe=""),
        html.escape(value),
        json.dumps(value)[1:-1],
        json.dumps(json.dumps(value)[1:-1])[1:-1],
        repr(value)[1:-1],
        repr(plain)[2:-1],
        value.encode("utf-16-le").hex(),
        plain.hex(),
        *_in_base64(plain),
    }
    return frozenset(one.casefold() for one in spellings)


def _in_base64(plain: bytes) -> Iterable[str]:
    """Yield what stands in base64 of any text that has this one somewhere inside."""
    for before in range(3):
        for encoded in (base64.b64encode, base64.urlsafe_b64encode):
            text = encoded(bytes(before) + plain).decode()
            # The first and the last character depend on the neighbours as well.
            first = -(-before * 8 // 6)
            last = (before + len(plain)) * 8 // 6
            yield text[first:last]


def texts(value: Any) -> Iterable[str]:
    """Yield the texts of a JSON value that may be somebody's: eight characters, or more.

    Without a digit they are a word of the schema. What PayEx calls `instance` is for its support.
    """
    match value:
        case dict():
            for name, below in value.items():
                if not name.endswith("instance"):
                    yield from texts(below)
        case list():
            for below in value:
                yield from texts(below)
        case str() if len(value) >= 8 and re.search(r"\d", value) and not _DAY.match(value):
            yield value
