"""Usage records, summaries and subscriptions: typed values with the way back to their JSON."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, NamedTuple, Self, TypeVar

import msgspec

from resolvers.payex.api.amounts import Money, Volume, currency_code
from resolvers.payex.api.raw_items import RawItems
from resolvers.payex.api.routes import Route
from resolvers.payex.api.times import day

T = TypeVar("T", bound="Item")

Moment = Annotated[datetime, msgspec.Meta(tz=False)]
"""A Swedish local time (`resolvers.payex.api.times`)."""
Code = Annotated[str, msgspec.Meta(title="Code")]
"""A currency's or a unit's code as PayEx wrote it, without control characters; or `UNREADABLE`."""


_NULL: Final = msgspec.Raw(b"null")


class Day(date):
    """A date that PayEx may write with or without a time of day."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a date by the one rule for times.

        Raises:
            ValueError: the text is no date.
        """
        return cls.fromordinal(day(text).toordinal())


class Member(NamedTuple):
    """A member of PayEx's body: the field that it feeds, its own name, and if it is the list."""

    field: str
    name: str
    whole: bool = False


ELEMENT: Final = Member("items", "items")
"""A whole element of a list that is no object."""
LIST: Final = Member("items", "items", whole=True)
"""A whole list that is null."""
NUMBER: Final = Member("subscriptionNo", "subscriptionNo")

Unreadable = Mapping[Member, int]
"""Members that could not be read, and in how many elements each. Their fields are null."""


# Seven times what subscription numbers are assumed to have (`resolvers.payex.api.numbers`). Each
# alias of a node repeats it.
_LONGEST_NUMBER: Final = 255
# How many fields of an element tell of its place alone.
_PLACE: Final = 2


class Item(msgspec.Struct, gc=False):
    """One element of a list of PayEx, with the way back to the JSON it was decoded from.

    The garbage collector does not look at it: it is part of no cycle, and a collection that went
    through a million of them would keep the event loop.

    Attributes:
        raw_items: the JSON of its list.
        position: the place in PayEx's list, from 0.
    """

    # They are no members of PayEx's: no deployment gives a member such a name, and whatever a body
    # may hold under it, `ItemList` and `alone` set them. In a `__dict__`, they would take 210 bytes
    # more for each element.
    raw_items: Any = msgspec.field(default=None, name="\x7fraw_items")
    position: Any = msgspec.field(default=None, name="\x7fposition")

    def __repr__(self) -> str:
        # Telephone numbers and places stand in these; no log shall show them by accident.
        return f"<{type(self).__name__}>"

    @property
    def raw(self) -> msgspec.Raw:
        """The element as PayEx sent it, to the byte, with the members that no field takes."""
        raw: msgspec.Raw = self.raw_items.raw(self.position)
        return raw

    @property
    def identity(self) -> Hashable:
        """What clients see of the element. Others of its list may look like it."""
        return msgspec.structs.astuple(self)[_PLACE:]


class Usage(Item, kw_only=True):
    """What usage records and usage summaries share. Every member may be absent or null."""

    if TYPE_CHECKING:
        charged_volume: Decimal | None = None
        total_volume: Decimal | None = None
        volume_code: Code | None = None

    @property
    def subscription_no(self) -> str:
        """The number of the subscription whose usage it is."""
        return str(self.raw_items.route.subscription_no)

    @property
    def charged(self) -> Volume | None:
        """The volume that is paid for."""
        value = self.charged_volume
        return None if value is None else Volume(value, self.volume_code or None)

    @property
    def total(self) -> Volume | None:
        """The volume that was used, free allowance included."""
        value = self.total_volume
        return None if value is None else Volume(value, self.volume_code or None)


class UsageRecord(Usage, kw_only=True):
    """One rated call, message, data session or purchase (PayEx: a usage detail).

    Times are Swedish local times without a zone. The fields stand in the order of the field map: a
    body in the same order is decoded 5 % faster.
    """

    usage_detail_id: str | int | None = None
    start_time: Moment | None = None
    usage_type: str | None = None
    product_group_id: str | int | None = None
    detail_info: str | None = None
    destination: str | None = None
    destination_code: str | int | None = None
    quantity: Decimal | None = None
    charged_volume: Decimal | None = None
    total_volume: Decimal | None = None
    volume_code: Code | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    vat_rate: Decimal | None = None
    currency: Code | None = None

    @property
    def charge(self) -> Money | None:
        """What the record costs."""
        amount = self.amount
        return None if amount is None else Money(amount, currency_code(self.currency))

    @property
    def price(self) -> Money | None:
        """What one unit costs."""
        amount = self.unit_price
        return None if amount is None else Money(amount, currency_code(self.currency))


class UsageSummary(Usage, kw_only=True):
    """PayEx's own sum of one kind of usage over a period."""

    product_group_id: str | int | None = None
    usage_type: str | None = None
    volume_code: Code | None = None
    start_period: Day | None = None
    end_period: Day | None = None
    quantity: Decimal | None = None
    charged_volume: Decimal | None = None
    total_volume: Decimal | None = None
    total_charge: Decimal | None = None
    currency: Code | None = None

    @property
    def charge(self) -> Money | None:
        """What the usage costs together."""
        amount = self.total_charge
        return None if amount is None else Money(amount, currency_code(self.currency))


class SubscriptionItem(Item, kw_only=True):
    """A subscription as its list or its own route answers it, with the links PayEx gives.

    The links have the documented type "dynamic": see `is_dynamic` and `link_in`.
    """

    subscription_no: str | int | None = msgspec.field(default=None, name="subscriptionNo")
    usage_details: msgspec.Raw = msgspec.field(default=_NULL, name="usageDetails")
    usage_summaries: msgspec.Raw = msgspec.field(default=_NULL, name="usageSummaries")

    @property
    def number(self) -> str:
        """The subscription number as text; empty where PayEx gave none that can be read."""
        number = "" if self.subscription_no is None else str(self.subscription_no)
        return number if len(number) <= _LONGEST_NUMBER else ""

    @property
    def identity(self) -> Hashable:
        """The number."""
        return self.number

    @property
    def unreadable(self) -> Unreadable:
        """What could not be read of one that is a whole body."""
        unreadable: Unreadable = self.raw_items.unreadable
        return unreadable


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, or a part of one, decoded.

    Attributes:
        items: its elements.
        next: the link to the next page, if there is one.
        source: the JSON of the elements: each by itself, or the array or the body that they are in.
        unreadable: what could not be read.
        units: what its decoding took of the budget beside the usual.
    """

    items: Sequence[T]
    next: str | None
    source: bytes | Sequence[msgspec.Raw] = field(repr=False)
    unreadable: Unreadable
    units: float = 0


class ItemList(Generic[T]):
    """The elements of all pages of one list, in PayEx's order, bound to their JSON.

    A subscription without a number that can be read is left out: nothing can be asked for by it.

    Attributes:
        items: the elements.
        unreadable: what could not be read of them.
        route: the route that it was read from.
        fetched: when PayEx was asked for it, in seconds since 1970.
    """

    def __init__(
        self, pages: Iterable[Page[T]] = (), route: Route | None = None, fetched: float = 0.0
    ) -> None:
        self.items: list[T] = []
        self.unreadable: dict[Member, int] = {}
        self.route = route
        self.fetched = fetched
        self._raw_items = RawItems(route=route)
        for page in pages:
            self.add(page)

    def add(self, page: Page[T]) -> None:
        """Add the next page, or the next part of one."""
        items = page.items
        unreadable = page.unreadable
        raw_items = self._raw_items
        first = raw_items.add(page.source, len(items))
        for position, item in enumerate(items, first):
            item.raw_items = raw_items
            item.position = position
        if items and isinstance(items[0], SubscriptionItem):
            numbered = [item for item in items if item.identity != ""]
            if len(numbered) < len(items):
                without = len(items) - len(numbered) - unreadable.get(ELEMENT, 0)
                unreadable = {**unreadable, NUMBER: without}
                items = numbered
        self.items += items
        for member, count in unreadable.items():
            if count:
                self.unreadable[member] = self.unreadable.get(member, 0) + count


def alone(item: T, body: bytes, unreadable: Unreadable) -> T:
    """Return an element that is a whole body, bound to it."""
    item.raw_items = RawItems(unreadable)
    item.position = item.raw_items.add([msgspec.Raw(body)], 1)
    return item
