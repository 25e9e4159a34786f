"""What identifies a document: an id as clients spell it, the digest of its text, its shape."""

import re
from hashlib import sha256
from typing import Final

from graphql import DocumentNode, print_ast

from gateway.limits.tokens import is_name, tokens_of

_SPELT: Final = re.compile(r"(?:[^~]*~[^~]*~)?(?:sha256:)?([0-9A-Fa-f]{64})")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_PARTS = 3


def digest(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as 64 lower-case hexadecimal digits."""
    # A text of a manifest may hold half of a surrogate pair, which UTF-8 has no bytes for.
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_digest(document_id: str) -> bool:
    """Whether an id in the form of `normalised` may be a `digest`."""
    return _DIGEST.fullmatch(document_id) is not None


def normalised(document_id: str) -> str:
    """Return an id in one form for all spellings.

    A digest loses its prefix, `sha256:` of GraphQL over HTTP or `name~version~` of Hive's
    applications, and is in lower case. Other ids lose `name~version~`.
    """
    if spelt := _SPELT.fullmatch(document_id):
        return spelt[1].lower()
    parts = document_id.split("~")
    return parts[-1] if len(parts) == _PARTS else document_id


def shape(document: DocumentNode) -> str:
    """Return a digest that is equal for documents that differ in layout or order only.

    Space, commas, comments and the order of operations and fragments do not count: clients and the
    tools that write manifests print the same document differently. The order of fields counts.
    """
    return digest("\n".join(sorted(map(print_ast, document.definitions))))


def names_in(text: str) -> str:
    """Return a digest that is equal for documents of one `shape`, without parsing them.

    It covers the set of names. Some documents leave out `query`, so it does not count.
    """
    names = sorted(name for name in filter(is_name, tokens_of(text)) if name != "query")
    return digest(" ".join(names))
