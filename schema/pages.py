"""What the connections share."""

import strawberry


@strawberry.federation.type(shareable=True, description="Where a page stands in its list.")
class PageInfo:
    """Relay's page info, forwards."""

    has_next: bool = strawberry.field(
        name="hasNextPage", description="Whether elements follow: ask for them with `endCursor`."
    )
    has_previous: bool = strawberry.field(
        name="hasPreviousPage", description="Whether elements stand before the page."
    )
    start_cursor: str | None = strawberry.field(
        description="The cursor of the page's first element; null for an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="The cursor of the page's last element, to go on `after`; null if empty."
    )
