"""What the connections share."""

from typing import Annotated, Final

import strawberry

FORWARDS: Final = "Page size, forwards: 1 to {} by default (`{}`); 50 if omitted."
"""The description of `first`, given its default bound and the setting of it."""
BEFORE: Final = "Returns the page before this cursor. Use with `last`."

After = Annotated[
    str | None,
    strawberry.argument(description="Returns the page after this cursor. Use with `first`."),
]
Last = Annotated[
    int | None,
    strawberry.argument(
        description=(
            "Page size, backwards: same bounds as `first`. Cannot be combined with `first` or "
            "`after`."
        )
    ),
]


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
