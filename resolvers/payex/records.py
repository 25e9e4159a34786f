"""Usage records and usage summaries, decoded once from PayEx's bodies into typed values."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Generic, Self, TypeVar, get_args

import msgspec

from resolvers.payex.amounts import Money, Volume, currency_code
from resolvers.payex.faults import Fault, FaultCode
from resolvers.payex.field_map import USAGE_DETAILS, USAGE_SUMMARIES, fit
from resolvers.payex.origin import Origin

T = TypeVar("T", bound="Item")


class Day(date):
    """A date that PayEx may write with or without a time of day."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `YYYY-MM-DD`, with any time after it.

        Raises:
            ValueError: the text is no date.
        """
        moment = datetime.fromisoformat(text)
        return cls(moment.year, moment.month, moment.day)


class Item(msgspec.Struct, dict=True):
    """One element of a list of PayEx, with the way back to the JSON it was decoded from."""

    def __repr__(self) -> str:
        # Telephone numbers and places stand in these; no log shall show them by accident.
        return f"<{type(self).__name__}>"

    @property
    def position(self) -> int:
        """The place in PayEx's list, from 0."""
        return int(self.__dict__["position"])

    @property
    def raw(self) -> msgspec.Raw:
        """The element as PayEx sent it, to the byte, with the members that no field takes."""
        origin: Origin = self.__dict__["origin"]
        return origin.raws[self.position]

    @property
    def identity(self) -> bytes:
        """What tells the element from others in its list, for as long as nothing in it changes."""
        return bytes(self.raw)

    @property
    def twin(self) -> int:
        """How many elements with the same identity stand before it in PayEx's list."""
        origin: Origin = self.__dict__["origin"]
        return origin.twins[self.position]


class Usage(Item, kw_only=True):
    """What usage records and usage summaries share. Every member may be absent or null."""

    usage_type: str | None = None
    product_group_id: str | int | None = None
    quantity: Decimal | None = None
    charged_volume: Decimal | None = None
    total_volume: Decimal | None = None
    volume_code: str | None = None
    currency: str | None = None

    @property
    def charged(self) -> Volume | None:
        """The volume that is paid for."""
        value = self.charged_volume
        return None if value is None else Volume(value, self.volume_code)

    @property
    def total(self) -> Volume | None:
        """The volume that was used, free allowance included."""
        value = self.total_volume
        return None if value is None else Volume(value, self.volume_code)


class UsageRecord(Usage, kw_only=True):
    """One rated call, message, data session or purchase (PayEx: a usage detail).

    Times are local (assumed: Swedish) without a zone.
    """

    usage_detail_id: str | int | None = None
    start_time: datetime | None = None
    detail_info: str | None = None
    destination: str | None = None
    destination_code: str | int | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    vat_rate: Decimal | None = None

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

    start_period: Day | None = None
    end_period: Day | None = None
    total_charge: Decimal | None = None

    @property
    def charge(self) -> Money | None:
        """What the usage costs together."""
        amount = self.total_charge
        return None if amount is None else Money(amount, currency_code(self.currency))


class SubscriptionItem(Item, kw_only=True):
    """A subscription as its list or its own route answers it, with the links PayEx gives.

    The links have the documented type "dynamic": a path, or the expanded object, or null.
    """

    subscription_no: str | int | None = msgspec.field(default=None, name="subscriptionNo")
    usage_details: Any = msgspec.field(default=None, name="usageDetails")
    usage_summaries: Any = msgspec.field(default=None, name="usageSummaries")

    @property
    def number(self) -> str:
        """The subscription number as text; empty where PayEx gave none."""
        return "" if self.subscription_no is None else str(self.subscription_no)

    @property
    def identity(self) -> bytes:
        """The number."""
        return self.number.encode()


class ItemList(Generic[T]):
    """The elements of all pages of one list, in PayEx's order, bound to their JSON."""

    def __init__(self, items: Sequence[T], bodies: Sequence[bytes]) -> None:
        self.items = items
        numbers = None
        if items and isinstance(items[0], SubscriptionItem):
            numbers = [item.identity for item in items]
        origin = Origin(bodies, numbers)
        for position, item in enumerate(items):
            # Not by a method: that would take as long again, for each of many.
            own = item.__dict__
            own["origin"] = origin
            own["position"] = position


def alone(item: T, body: bytes) -> T:
    """Return an element that is a whole body, bound to it."""
    origin = Origin([], [b""])
    origin.raws = [msgspec.Raw(body)]
    item.__dict__.update(origin=origin, position=0)
    return item


class _Navigation(msgspec.Struct):
    next: str | None = None


class _Page(msgspec.Struct, Generic[T]):
    items: list[T] | None
    navigation: _Navigation | None = None


class Decoder(Generic[T]):
    """Decodes the pages of one kind of list, and single elements.

    Args:
        item: the type of the elements.
        members: field name in Python to member name in JSON, where they differ.
    """

    def __init__(self, item: type[T], members: Mapping[str, str] | None = None) -> None:
        if members is not None:
            fields = [(f.name, f.type, f.default) for f in msgspec.structs.fields(item)]
            mapped = msgspec.defstruct(
                item.__name__, fields, bases=(item,), rename=dict(members), kw_only=True
            )
        else:
            mapped = item
        self._page = msgspec.json.Decoder(_Page[mapped], dec_hook=_day)  # type: ignore[valid-type]
        self._one = msgspec.json.Decoder(mapped, dec_hook=_day)
        self._decimals = [
            (field.name, field.encode_name)
            for field in msgspec.structs.fields(mapped)
            if Decimal in get_args(field.type)
        ]

    def page(self, body: bytes) -> tuple[list[T], str | None]:
        """Decode one page into its elements and the link to the next one, if any.

        Raises:
            Fault: `UPSTREAM_MALFORMED`. Its hint names the member, never the value.
        """
        page = _decode(self._page, body)
        items: list[T] = page.items or []
        self._refuse_not_finite(items)
        return items, page.navigation.next if page.navigation else None

    def one(self, body: bytes) -> T:
        """Decode a body that is one element.

        Raises:
            Fault: `UPSTREAM_MALFORMED`.
        """
        item: T = _decode(self._one, body)
        return item

    def _refuse_not_finite(self, items: Sequence[T]) -> None:
        # Decimal reads "NaN" and "Infinity" from a JSON string, in more spellings than a glance at
        # the body could tell, and a sum never recovers from one.
        for name, member in self._decimals:
            read = attrgetter(name)
            # Zero is left out with what is null: it is finite as well.
            if all(map(Decimal.is_finite, filter(None, map(read, items)))):
                continue
            numbers = ((place, read(item)) for place, item in enumerate(items))
            position = next(place for place, one in numbers if one and not one.is_finite())
            hint = f"Expected a finite number - at `$.items[{position}].{member}`"
            raise Fault(FaultCode.UPSTREAM_MALFORMED, hint=hint)


def usage_records(changes: Mapping[str, str]) -> Decoder[UsageRecord]:
    """Return the decoder of `usage-details` under a deployment's field map."""
    return Decoder(UsageRecord, _snake_cased(fit(USAGE_DETAILS, changes)))


def usage_summaries(changes: Mapping[str, str]) -> Decoder[UsageSummary]:
    """Return the decoder of `usage-summaries` under a deployment's field map."""
    return Decoder(UsageSummary, _snake_cased(fit(USAGE_SUMMARIES, changes)))


def decode_object(body: bytes) -> msgspec.Raw:
    """Check that a body is a JSON object, and return it as it is.

    Raises:
        Fault: `UPSTREAM_MALFORMED`.
    """
    _decode(_OBJECT, body)
    return msgspec.Raw(body)


_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _decode(decoder: "msgspec.json.Decoder[Any]", body: bytes) -> Any:
    try:
        if not body.isascii():
            # msgspec passes over what no field takes without reading it, but `raw` hands it on.
            body.decode()
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        # The message states types and the path to the member. It quotes no value.
        raise Fault(FaultCode.UPSTREAM_MALFORMED, hint=str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Fault(FaultCode.UPSTREAM_MALFORMED, hint="The body is not JSON.") from None


def _day(type_: type, value: object) -> object:
    if type_ is Day and isinstance(value, str):
        try:
            return Day.parse(value)
        except ValueError:
            raise ValueError("Expected a date") from None
    raise TypeError("Expected a date as text")


def _snake_cased(members: Mapping[str, str]) -> dict[str, str]:
    return {re.sub("([A-Z])", r"_\1", f).lower(): member for f, member in members.items()}
