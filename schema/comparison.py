"""A comparison of two selections of usage as GraphQL types."""

from enum import Enum
from typing import Annotated

import strawberry

from resolvers.comparison import Change, Comparison
from resolvers.totals import Group
from schema.amounts import Money
from schema.declarations import described, reads
from schema.directives import CURRENCIES, SUMS
from schema.problems import (
    InvoiceHasNoUsage,
    InvoiceNotFound,
    UnrecognizedProblem,
    ValidationProblem,
)
from schema.scalars import UtcDateTime
from schema.totals import GROUPS, UsageGroupKeys, UsageTotal


class ComparisonGroup(Enum):
    """What a comparison can group by: everything but time."""

    USAGE_TYPE = Group.USAGE_TYPE
    PRODUCT_GROUP = Group.PRODUCT_GROUP
    DESTINATION = Group.DESTINATION
    DETAIL_INFO = Group.DETAIL_INFO
    SUBSCRIPTION = Group.SUBSCRIPTION


described(
    "UsageComparisonGroup",
    ComparisonGroup,
    "What a comparison can group by: everything but time, which never matches. May gain values.",
    GROUPS,
)


@strawberry.type(description="How the usage of one group changed, in one currency.")
@reads(lambda obj: isinstance(obj, Change))
class UsageChange(UsageGroupKeys):
    """A change of one group."""

    base: UsageTotal | None = strawberry.field(
        description=(
            "The group's sums on the base invoice. Null if it has no such group: the usage is new."
        )
    )
    current: UsageTotal | None = strawberry.field(
        description=(
            "The group's sums in the selection. Null if it has no such group: the usage is gone."
        )
    )
    amount_change: Money | None = strawberry.field(
        description=(
            "The current amount minus the base amount; a missing group or amount counts as zero. "
            "Null if neither side has an amount. If `recordsWithoutAmount` is not 0 on a side, the "
            "change is not the whole truth."
        )
    )
    record_count_change: int = strawberry.field(
        description="The current record count minus the base record count."
    )


@strawberry.type(
    description=(
        "A selection compared with the same selection on a base invoice. Look at `firstStartTime` "
        "and `lastStartTime` of both sides before you call one higher: unbilled usage may cover "
        "part of a month."
    )
)
@reads(lambda obj: isinstance(obj, Comparison))
class UsageComparison:
    """Both sides, and what changed."""

    as_of: UtcDateTime = strawberry.field(
        description="When the oldest part of both sides was fetched from PayEx."
    )
    base: list[UsageTotal] = strawberry.field(
        description="The base invoice's sums, one for each currency.", directives=[CURRENCIES]
    )
    current: list[UsageTotal] = strawberry.field(
        description="The selection's sums, one for each currency.", directives=[CURRENCIES]
    )
    changes: list[UsageChange] = strawberry.field(
        description=(
            "One change for each group that is on either side, unchanged groups included: by "
            "currency code, then from the largest increase to the largest decrease, unknown "
            "changes last. Together with `remainder` the changes of a currency add up exactly to "
            "the difference between `current` and `base`."
        ),
        directives=[SUMS],
    )
    remainder: list[UsageChange] = strawberry.field(
        description=(
            "The changes that `limitPerCurrency` left out, as one change for each currency."
        ),
        directives=[CURRENCIES],
    )
    change_count: int = strawberry.field(
        description="How many changes there are, including those in `remainder`."
    )


UsageComparisonResult = Annotated[
    UsageComparison | ValidationProblem | InvoiceNotFound | InvoiceHasNoUsage | UnrecognizedProblem,
    strawberry.union(
        "UsageComparisonResult",
        description=(
            "A comparison, or the problem with the base invoice that explains why there is none."
        ),
    ),
]
