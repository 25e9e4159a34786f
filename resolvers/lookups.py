"""The ways into the graph: a ledger's number, a global id, a reference of the supergraph.

What a caller may see is checked here on the entity itself, for every way in, before any call. Of a
ledger that is not open to the caller nothing is told, not even whether the gateway knows it. To an
end user, an invoice or a customer of somebody else is as one that does not exist.

A reference of the supergraph costs no call: one to an own invoice or customer stands unproven, and
what it lacks is told by the fields below it; one to any other is refused at once. The two differ,
and tell end users nothing: which numbers are their own, they know from their token. Of the others,
what exists and what does not is refused alike.
"""

from collections.abc import Mapping, Sequence
from math import isnan

from graphql import GraphQLError, GraphQLID

from resolvers import node_ids
from resolvers.errors import ErrorCode, Excess, RequestError, problem_error, without_problem
from resolvers.existence import find_holder, find_subscription
from resolvers.look_ahead import LookAhead
from resolvers.node_ids import NodeKind
from resolvers.nodes import HolderNode, Owner, SubscriptionNode
from resolvers.operation import Operation
from resolvers.payex.api.argument_errors import ArgumentErrorCode
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.numbers import number_error, number_message
from resolvers.payex.api.routes import Billing, Holder
from resolvers.rights import unseen

_BILLING = {
    NodeKind.INVOICE: Billing.BILLED,
    NodeKind.BILLED_SUBSCRIPTION: Billing.BILLED,
    NodeKind.CUSTOMER: Billing.UNBILLED,
    NodeKind.UNBILLED_SUBSCRIPTION: Billing.UNBILLED,
}


def find_owner(operation: Operation, owner_no: str) -> Owner:
    """Return a ledger, without a call.

    Raises:
        RequestError: `BAD_USER_INPUT`, the number is malformed; `FORBIDDEN`, the caller sees
            nothing of it.
        Fault: `LEDGER_NOT_CONFIGURED`, the gateway has no credentials for it.
    """
    _check("ownerNo", owner_no)
    if not operation.rights.sees_ledger(owner_no):
        raise RequestError(ErrorCode.FORBIDDEN, "This ledger is not open to you.")
    if not operation.payex.knows(owner_no):
        raise Fault(FaultCode.LEDGER_NOT_CONFIGURED)
    return Owner(owner_no)


def check_count(argument: str, listed: Sequence[str], operation: Operation) -> None:
    """Refuse a list of numbers or ids that is longer than the bound.

    Raises:
        RequestError: `BAD_USER_INPUT`.
    """
    maximum, count = operation.bounds.max_numbers, len(listed)
    if count > maximum:
        raise RequestError(
            ErrorCode.BAD_USER_INPUT,
            f"{argument} may hold {maximum} elements (GATEWAY_MAX_NUMBERS); it holds {count}.",
            argument=argument,
            reason=ArgumentErrorCode.TOO_MANY,
            excess=Excess("GATEWAY_MAX_NUMBERS", maximum, count),
        )


async def find_node(
    operation: Operation, below: LookAhead, node_id: str, argument: str = "id"
) -> Owner | HolderNode | SubscriptionNode:
    """Return what a global id stands for, proven by PayEx, unless it is a ledger.

    Raises:
        RequestError: `BAD_USER_INPUT` for an id that this gateway never made, `FORBIDDEN` for one
            of a ledger of which the caller sees nothing, `NOT_FOUND` or `UPSTREAM_PROBLEM` for what
            PayEx does not know or the caller does not see.
        Fault: PayEx could not be asked, or the gateway has no credentials for the ledger.
    """
    node = _decoded(operation, node_id, argument)
    if isinstance(node, Owner):
        return node
    if isinstance(node, HolderNode):
        return without_problem(await find_holder(operation, below, node.holder))
    parent = HolderNode(node.holder)
    return without_problem(await find_subscription(operation, below, parent, node.subscription_no))


def holder_reference(
    operation: Operation, billing: Billing, key: Mapping[str, object]
) -> HolderNode:
    """Return the invoice or customer of a reference, without a call.

    Raises:
        RequestError: `BAD_USER_INPUT`, the reference is malformed; `FORBIDDEN` or `NOT_FOUND`, the
            caller does not see the ledger or what it refers to.
        Fault: `LEDGER_NOT_CONFIGURED`.
    """
    owner = find_owner(operation, _text(key, "ownerNo"))
    holder = Holder(owner.owner_no, billing, "")
    number = _text(key, holder.parameter)
    _check(holder.parameter, number)
    return HolderNode(_seen(operation, Holder(owner.owner_no, billing, number)))


def owner_reference(operation: Operation, key: Mapping[str, object]) -> Owner:
    """Return the ledger of a reference; raises as `find_owner` does."""
    return find_owner(operation, _text(key, "ownerNo"))


def subscription_reference(operation: Operation, key: Mapping[str, object]) -> SubscriptionNode:
    """Return the subscription of a reference, without a call.

    Raises:
        RequestError: `BAD_USER_INPUT`, the id is not one of a subscription; `FORBIDDEN` or
            `NOT_FOUND`, the caller does not see the ledger or what holds the subscription.
        Fault: `LEDGER_NOT_CONFIGURED`.
    """
    node_id = _text(key, "id")
    node = _decoded(operation, node_id)
    if not isinstance(node, SubscriptionNode):
        raise _foreign(node_id)
    return node


def _decoded(
    operation: Operation, node_id: str, argument: str = "id"
) -> Owner | HolderNode | SubscriptionNode:
    decoded = node_ids.decode(node_id)
    if decoded is None:
        raise _foreign(node_id, argument)
    kind, numbers = decoded
    for parameter, number in zip(node_ids.parameters(kind), numbers, strict=True):
        if number_message(parameter, number):
            raise _foreign(node_id, argument)
    owner = find_owner(operation, numbers[0])
    if kind is NodeKind.OWNER:
        return owner
    holder = _seen(operation, Holder(owner.owner_no, _BILLING[kind], numbers[1]))
    if kind in {NodeKind.INVOICE, NodeKind.CUSTOMER}:
        return HolderNode(holder)
    return SubscriptionNode(holder, numbers[2])


def _seen(operation: Operation, holder: Holder) -> Holder:
    """Return the holder if the caller sees it.

    Raises:
        RequestError: `NOT_FOUND`, as of one that PayEx does not have.
    """
    if not operation.rights.sees(holder):
        raise problem_error(unseen(holder))
    return holder


def _foreign(node_id: str, argument: str = "id") -> RequestError:
    blank = not node_id.strip()
    code = ArgumentErrorCode.BLANK if blank else ArgumentErrorCode.INVALID_CHARACTER
    return _bad(argument, f"{argument} is not an id of this gateway.", code)


def _check(parameter: str, number: str) -> None:
    if error := number_error(parameter, number, parameter):
        raise _bad(parameter, error.message, error.code)


def _text(key: Mapping[str, object], name: str) -> str:
    """Return a member of a reference, read as an argument of the type `ID` is."""
    given = key.get(name)
    if isinstance(given, float) and isnan(given):
        # graphql-core makes it of an integer in the document with more digits than Python reads.
        message = f"{name} has too many characters."
        raise _bad(name, message, ArgumentErrorCode.TOO_LONG)
    try:
        # In the document, a number with a point or an exponent is a float, which may be rounded.
        value: str = GraphQLID.coerce_input_value(None if isinstance(given, float) else given)
    except GraphQLError:
        message = f"A reference needs {name} as text or as an integer."
        missing = given is None
        code = ArgumentErrorCode.BLANK if missing else ArgumentErrorCode.INVALID_CHARACTER
        raise _bad(name, message, code) from None
    return value


def _bad(argument: str, message: str, reason: ArgumentErrorCode) -> RequestError:
    return RequestError(ErrorCode.BAD_USER_INPUT, message, argument=argument, reason=reason)
