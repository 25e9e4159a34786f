"""The `Node` interface: anything that can be asked for again by its id alone."""

from typing import Final

import strawberry

GLOBAL_ID: Final = "The global id."
"""How the types describe it: the interface says more."""


@strawberry.interface(description="An object that `node(id:)` can return again.")
class Node:
    """Relay's node."""

    id: strawberry.ID = strawberry.field(
        description=(
            "The global id. Opaque: its format may change, and it is meaningful to this API only. "
            "It contains customer and subscription numbers in encoded form, so treat it as "
            "personal data."
        )
    )
