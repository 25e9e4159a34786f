"""What the connections share."""

import strawberry


@strawberry.federation.type(
    shareable=True,
    description="A page's position in its list. Both flags are exact in both directions.",
)
class PageInfo:
    """Relay's page info."""

    has_next: bool = strawberry.field(
        name="hasNextPage", description="True if there are elements after this page."
    )
    has_previous: bool = strawberry.field(
        name="hasPreviousPage", description="True if there are elements before this page."
    )
    start_cursor: str | None = strawberry.field(
        description="The cursor of the first element, for `before`. Null if the page is empty."
    )
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last element, for `after`. Null if the page is empty."
    )
