"""The `Node` interface: anything that can be asked for again by its id alone."""

import strawberry


@strawberry.interface(description="Anything that `node(id:)` finds again.")
class Node:
    """Relay's node."""

    id: strawberry.ID = strawberry.field(
        description="The global id: opaque, do not take it apart. It holds for this API only."
    )
