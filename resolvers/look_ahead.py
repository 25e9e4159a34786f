"""What a query asks for below a field, read from the document before anything is fetched.

PayEx's routes carry all their parents' numbers, so that every call whose numbers the query gives
can start at once, and a parent that a deeper call proves needs no call of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    get_argument_values,
    get_directive_values,
)
from graphql.execution.values import VariableValues

from resolvers.bounds import Bounds, records_page, subscriptions_page
from resolvers.payex.numbers import refusal
from resolvers.payex.routes import Billing, Holder
from resolvers.selection import RecordFilter


@dataclass(slots=True)
class SubscriptionNeeds:
    """What is asked of one subscription.

    `refused` tells that something is asked with an argument that will be refused.
    """

    body: bool = False
    details: bool = False
    summaries: bool = False
    refused: bool = False

    @property
    def own_call(self) -> bool:
        """Whether its own route (or its holder's list) has to be asked, as far as is known."""
        return self.body or not (self.details or self.summaries or self.refused)


@dataclass(slots=True)
class HolderNeeds:
    """What is asked of one invoice or customer."""

    body: bool = False
    listed: bool = False
    refused: bool = False
    subscriptions: dict[str, SubscriptionNeeds] = field(default_factory=dict)

    @property
    def own_call(self) -> bool:
        """Whether its own route has to be asked, as far as is known."""
        return self.body or not (self.listed or self.subscriptions or self.refused)


class LookAhead:
    """Reads the selection below the field that is being resolved."""

    def __init__(self, info: GraphQLResolveInfo[Any], bounds: Bounds) -> None:
        self._info = info
        self._bounds = bounds
        # Strawberry hands resolvers the bare values where graphql-core expects its container.
        self._variables = VariableValues(
            sources={}, coerced=cast("dict[str, Any]", info.variable_values)
        )

    def holder(self, holder: Holder) -> HolderNeeds:
        """Return what is asked of the `Invoice` or `Customer` that the field returns."""
        needs = HolderNeeds()
        type_name = "Invoice" if holder.billing is Billing.BILLED else "Customer"
        for node in self._fields(self._info.field_nodes, type_name):
            match node.name.value:
                case "raw":
                    needs.body = True
                case "subscriptions":
                    arguments = self._arguments(node, type_name)
                    first, after = arguments.get("first"), arguments.get("after")
                    if subscriptions_page(holder, first, after, self._bounds).refusal():
                        needs.refused = True
                    else:
                        needs.listed = True
                case "subscription":
                    number = self._arguments(node, type_name)["subscriptionNo"]
                    if refusal("subscriptionNo", number):
                        needs.refused = True
                    else:
                        wanted = needs.subscriptions.setdefault(number, SubscriptionNeeds())
                        self._subscription([node], holder, number, wanted)
        return needs

    def subscription(self, holder: Holder, number: str) -> SubscriptionNeeds:
        """Return what is asked of the `UsageSubscription` that the field returns."""
        needs = SubscriptionNeeds()
        self._subscription(self._info.field_nodes, holder, number, needs)
        return needs

    def _subscription(
        self, nodes: Sequence[FieldNode], holder: Holder, number: str, needs: SubscriptionNeeds
    ) -> None:
        for node in self._fields(nodes, "UsageSubscription"):
            match node.name.value:
                case "raw":
                    needs.body = True
                case "usageSummaries":
                    needs.summaries = True
                case "usageRecords" | "usageTotals":
                    arguments = self._arguments(node, "UsageSubscription")
                    first, after = arguments.get("first"), arguments.get("after")
                    page = records_page(holder, number, first, after, self._bounds)
                    if page.refusal() or _span_refused(arguments):
                        needs.refused = True
                    else:
                        needs.details = True

    def _arguments(self, node: FieldNode, type_name: str) -> dict[str, Any]:
        definition = self._object_type(type_name).fields[node.name.value]
        return get_argument_values(definition, node, self._variables)

    def _object_type(self, type_name: str) -> GraphQLObjectType:
        type_ = self._info.schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)  # noqa: S101 - our own type names
        return type_

    def _fields(self, nodes: Sequence[FieldNode], type_name: str) -> Iterator[FieldNode]:
        """Yield the fields that the nodes select on one type, as the executor would."""
        type_ = self._object_type(type_name)
        for node in nodes:
            # Validation has seen to it that a field of such a type has a selection.
            yield from self._selected(cast("SelectionSetNode", node.selection_set), type_)

    def _selected(
        self, selection_set: SelectionSetNode, type_: GraphQLObjectType
    ) -> Iterator[FieldNode]:
        for selection in selection_set.selections:
            if not self._included(selection):
                continue
            if isinstance(selection, FieldNode):
                yield selection
                continue
            fragment = (
                self._info.fragments[selection.name.value]
                if isinstance(selection, FragmentSpreadNode)
                else cast("InlineFragmentNode", selection)
            )
            condition = fragment.type_condition
            if condition is None or self._applies(condition.name.value, type_):
                yield from self._selected(fragment.selection_set, type_)

    def _included(self, node: SelectionNode) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not (skip and skip["if"]) and not (include and not include["if"])

    def _applies(self, condition: str, type_: GraphQLObjectType) -> bool:
        if condition == type_.name:
            return True
        abstract = self._info.schema.type_map[condition]
        return not isinstance(abstract, GraphQLObjectType) and self._info.schema.is_sub_type(
            abstract,  # type: ignore[arg-type]
            type_,
        )


def _span_refused(arguments: dict[str, Any]) -> bool:
    given = arguments.get("filter") or {}
    start, end = given.get("startTimeFrom"), given.get("startTimeBefore")
    return RecordFilter(from_time=start, before_time=end).refusal() is not None
