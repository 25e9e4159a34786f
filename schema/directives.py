"""What the schema's fields say of themselves to routers: who may read them, and what they cost.

These directives only let a router refuse early. This gateway holds callers to the same scopes by
itself (`schema.scopes`), and to what each entity's caller may see (`resolvers.rights`).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import strawberry
from strawberry.federation.schema_directives import (
    Authenticated,
    Cost,
    ListSize,
    RequiresScopes,
    Tag,
)
from strawberry.schema_directive import Location
from strawberry.types.unset import UNSET

from resolvers.rights import RAW_SCOPE, READ_SCOPE


@strawberry.federation.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="semanticNonNull",
    # Without it, no composer keeps the directive.
    compose=True,
    import_url="https://specs.apollo.dev/nullability/v0.4",
    description=(
        "The field is null only if `errors` has an entry for it. `levels` names the list levels "
        "this applies to; 0 is the field itself."
    ),
)
class SemanticNonNull:
    """A field that is null only together with an entry in `errors` (GAP-49)."""

    levels: list[int] = strawberry.directive_field(name="levels", default=(0,))


def _sized(elements: int) -> ListSize:
    # No argument slices (see SIZED_BY), so that none is required.
    return ListSize(
        assumed_size=elements,
        slicing_arguments=UNSET,
        sized_fields=UNSET,
        require_one_slicing_argument=UNSET,
    )


AUTHENTICATED: Final = Authenticated()
"""Needs a caller who is identified; of a supergraph's users, one who has signed in."""

READ: Final = RequiresScopes(scopes=[[READ_SCOPE]])
"""Shows what PayEx tells."""

RAW: Final = RequiresScopes(scopes=[[READ_SCOPE, RAW_SCOPE]])
"""Shows a body as PayEx sent it, with members that nobody has reviewed."""

INTERNAL: Final = Tag(name="internal")
"""Not for everyone: a contract of a supergraph can leave such fields out."""

CALL: Final = Cost(weight=10)
"""May cost a call of PayEx; an object costs 1, a scalar nothing."""

USAGE: Final = Cost(weight=110)
"""May cost a call for the list of subscriptions, and one for each of ten."""

PAGE: Final = _sized(50)
"""A page, of the size that it has where `first` is omitted."""

NUMBERS: Final = _sized(100)
"""One element for each number that is asked for; at most GATEWAY_MAX_NUMBERS by default."""

SUMS: Final = _sized(30)
"""Sums: one for each kind of usage, or for each day of a month."""

SLICED: Final = ListSize(
    assumed_size=50,
    slicing_arguments=["first", "last"],
    sized_fields=["edges", "nodes"],
    require_one_slicing_argument=False,
)
"""An object with a page, of the size that `first` or `last` says."""

CURRENCIES: Final = _sized(2)
"""One element for each currency."""

FEW: Final = _sized(3)
"""One element for each unit of measure, or for each argument that was refused."""

ON_OBJECTS_ALONE: Final = (Authenticated, RequiresScopes, Cost)
"""What both public composers refuse on the fields of an interface.

Measured with @apollo/composition 2.14.4 and @theguild/federation-composition 0.27.0.
"""

WEIGHTS: Final[Mapping[str, int]] = MappingProxyType({"Query._entities": CALL.weight})
"""What weighs, beside `@cost`, each element of a field that federation declares.

A reference may cost a call, and each is read, checked and answered, be it an error.
"""

SIZED_BY: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "Query.nodes": ("ids",),
        "Owner.invoices": ("invoiceNos",),
        "Owner.customers": ("customerNos",),
        "UsageHolder.subscriptions": ("first", "last"),
        "Invoice.subscriptions": ("first", "last"),
        "Customer.subscriptions": ("first", "last"),
        "UsageSubscription.usageRecords": ("first",),
        "UsageSelection.records": ("first", "last"),
        "Query._entities": ("representations",),
    }
)
"""The arguments that size what a field returns, by the field; at most one of them is given.

An integer sizes the lists `nodes` and `edges` of the object that the field returns; a list sizes
the field's own. `@listSize(slicingArguments:)` cannot say either: composers take integers alone,
and only on a field whose type is a list or an object, while these return unions.
"""
