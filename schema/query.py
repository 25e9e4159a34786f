"""The root of every query."""

from typing import Annotated, Any

import strawberry

from resolvers import lookups
from schema.declarations import Info, resolved
from schema.directives import AUTHENTICATED, CALL, NUMBERS, READ
from schema.holders import Owner
from schema.node import Node

_OwnerNo = Annotated[
    strawberry.ID, strawberry.argument(description="The ledger's number, 1 to 15 characters.")
]
_Id = Annotated[strawberry.ID, strawberry.argument(description="A global id returned by this API.")]
_Ids = Annotated[
    list[strawberry.ID],
    strawberry.argument(
        description=(
            "Global ids returned by this API: at most 100 by default (`GATEWAY_MAX_NUMBERS`)."
        )
    ),
]


def _owner(info: Info, owner_no: _OwnerNo) -> Any:
    return lookups.find_owner(info.context, owner_no)


async def _node(info: Info, id: _Id) -> Any:  # noqa: A002 - the argument's public name
    return await lookups.find_node(info.context, info.below, id)


def _nodes(info: Info, ids: _Ids) -> Any:
    lookups.check_count("ids", ids, info.context)
    return [
        lookups.find_node(info.context, info.below, one, f"ids[{place}]")
        for place, one in enumerate(ids)
    ]


@strawberry.type(
    description="Read-only access to the billed and unbilled usage that companies keep at PayEx."
)
class Query:
    """The entry points."""

    owner: Owner | None = resolved(
        _owner,
        "Returns a ledger by its number, without a call to PayEx. A ledger that the caller may not "
        "see, or that the gateway has no credentials for, is an error.",
        directives=(AUTHENTICATED,),
    )
    node: Node | None = resolved(
        _node,
        "Returns the object with a global id, in its current state. If PayEx no longer has it, the "
        "field is null and `errors` has a `NOT_FOUND`.",
        directives=(AUTHENTICATED, READ, CALL),
    )
    nodes: list[Node | None] | None = resolved(
        _nodes,
        "Returns the objects with the given global ids, in the same order. An object that is not "
        "there is null and has an entry in `errors`; the others are returned.",
        levels=(0, 1),
        directives=(AUTHENTICATED, READ, CALL, NUMBERS),
    )
