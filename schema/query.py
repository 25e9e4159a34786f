"""The root of every query."""

from typing import Annotated, Any

import strawberry

from resolvers import lookups
from schema.declarations import Info, resolved
from schema.directives import AUTHENTICATED, CALL, READ
from schema.ledger import Owner
from schema.node import Node

_OwnerNo = Annotated[
    strawberry.ID, strawberry.argument(description="The ledger's number at PayEx.")
]
_Id = Annotated[strawberry.ID, strawberry.argument(description="A global id that this API gave.")]


def _owner(info: Info, owner_no: _OwnerNo) -> Any:
    return lookups.find_owner(info.context, owner_no)


async def _node(info: Info, id: _Id) -> Any:  # noqa: A002 - the argument's public name
    return await lookups.find_node(info.context, info.below, id)


@strawberry.type(description="Billed and unbilled usage that companies keep at PayEx.")
class Query:
    """The entry points."""

    owner: Owner | None = resolved(
        _owner,
        "A ledger by its number. It costs no call; a ledger that is not open to the caller, or "
        "that the gateway has no credentials for, is an error.",
        directives=(AUTHENTICATED,),
    )
    node: Node | None = resolved(
        _node,
        "Anything with a global id, as PayEx has it now. What PayEx no longer knows is an error.",
        directives=(AUTHENTICATED, READ, CALL),
    )
