"""The count of unreadable members in PayEx's answers: it shows that PayEx has changed a body."""

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from gateway.observability.metrics.labels import Series, one_of
from resolvers.payex.api.field_map import SUBSCRIPTIONS, USAGE_DETAILS, USAGE_SUMMARIES
from resolvers.payex.api.records import ELEMENT, Member
from resolvers.payex.api.routes import Kind

_FIELDS: Final[Mapping[Kind, Mapping[str, str]]] = {
    Kind.SUBSCRIPTIONS: SUBSCRIPTIONS,
    Kind.SUBSCRIPTION: SUBSCRIPTIONS,
    Kind.DETAILS: USAGE_DETAILS,
    Kind.SUMMARIES: USAGE_SUMMARIES,
}


class UnreadableMembers:
    """Counts the unreadable members that operations meet."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = Counter(
            "payex_usage_unreadable_members",
            "Members of PayEx's answers that the gateway could not read, by the kind of answer and "
            "the field, which is null. The field items stands for a whole item or list.",
            ("list", "field"),
            registry=registry,
        )
        series = [
            (kind.value, name) for kind in _FIELDS for name in (*_FIELDS[kind], ELEMENT.field)
        ]
        kinds, names = zip(*series, strict=True)
        self._counts = Series(counter, one_of(kinds), one_of(names))
        for one in series:
            self._counts[one].inc(0)

    def add(self, unreadable: Mapping[tuple[Kind, Member], int]) -> None:
        """Add the count of one operation."""
        for (kind, member), count in unreadable.items():
            self._counts[kind.value, member.field].inc(count)
