"""What is used and what it costs: the services, their destinations and their prices.

PayEx documents the volume codes S, E, B, KB, MB, GB and MIN, that a charged volume may be less
than the total volume, and that the casing of a currency varies. The names of usage types and
product groups, the prices and the places are invented, and so are all companies.
"""

from dataclasses import dataclass
from decimal import Decimal

MOBILE_NUMBERS = tuple(f"467017406{last:02}" for last in range(5, 100))
"""070-174 06 05 to 99: the Swedish regulator (PTS) reserves these for fiction."""

FIXED_NUMBERS = tuple(
    f"{prefix}{last:02}"
    for prefix in ("468465004", "463139006", "464062804")
    for last in range(100)
)
"""08-465 004 00..99, 031-390 06 00..99 and 040-628 04 00..99: likewise reserved for fiction."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where usage went: a code and its plain text, as PayEx's destination files have them."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Service:
    """One kind of usage and its price.

    Attributes:
        usage_type: What was used.
        product_group: The product group that the usage is summed under.
        volume_code: The unit of volumes: S, E, B, KB, MB, GB or MIN.
        volumes: The smallest and the largest volume, in steps of `10 ** -decimals` units.
        decimals: How many decimals a volume has.
        free: The monthly allowance per subscription, in units.
        unit_price: The price of one unit without VAT; negative for a credit.
        vat_rate: Per cent.
        currency: As it is written in bodies, in either casing.
        destinations: Where it may go.
        details: What `detailInfo` may say.
    """

    usage_type: str
    product_group: str
    volume_code: str
    volumes: tuple[int, int]
    decimals: int = 0
    free: int = 0
    unit_price: Decimal
    vat_rate: Decimal = Decimal("25.00")
    currency: str = "SEK"
    destinations: tuple[Destination, ...]
    details: tuple[str, ...]


_SWEDEN = (
    Destination("SE-M", "Sverige mobil"),
    Destination("SE-F", "Sverige fast"),
    Destination("SE-V", "Röstbrevlåda"),
)
_ABROAD = (
    Destination("NO-M", "Norge mobil"),
    Destination("FI-F", "Finland fast"),
    Destination("PL-M", "Polen mobil"),
    Destination("US", "USA och Kanada"),
)
_HOME_DATA = (Destination("SE-D", "Sverige surf"),)
_ROAMING = (
    Destination("GR-R", "Grekland, Exempel Hellas"),
    Destination("ES-R", "Spanien, Red Ejemplo"),
    Destination("HR-R", "Kroatien, Primjer Mobil"),
)
_PARTNERS = (
    Destination("IN-1", "Exempelskogens Ljudböcker"),
    Destination("IN-2", "Åkes Påhittade Parkering"),
    Destination("IN-3", "Exempelfjällets Biljetter"),
)
_OWN = (Destination("EGEN", "Egen tjänst"),)
_SURF = ("internet.exempel", "surf.exempel")

CALL = Service(
    usage_type="VOICE",
    product_group="MOBILE-VOICE",
    volume_code="S",
    volumes=(4, 2400),
    free=3600,
    unit_price=Decimal("0.0115"),
    destinations=_SWEDEN,
    details=MOBILE_NUMBERS + FIXED_NUMBERS,
)
CALL_ABROAD = Service(
    usage_type="VOICE_ABROAD",
    product_group="MOBILE-VOICE",
    volume_code="MIN",
    volumes=(1, 45),
    unit_price=Decimal("3.49"),
    destinations=_ABROAD,
    details=("Utlandssamtal",),
)
TEXT = Service(
    usage_type="SMS",
    product_group="MOBILE-MESSAGE",
    volume_code="E",
    volumes=(1, 3),
    free=10,
    unit_price=Decimal("0.69"),
    currency="sek",
    destinations=_SWEDEN[:1],
    details=MOBILE_NUMBERS,
)
PICTURE = Service(
    usage_type="MMS",
    product_group="MOBILE-MESSAGE",
    volume_code="E",
    volumes=(1, 1),
    unit_price=Decimal("1.89"),
    destinations=_SWEDEN[:1],
    details=MOBILE_NUMBERS,
)
SURF = Service(
    usage_type="DATA",
    product_group="MOBILE-DATA",
    volume_code="MB",
    volumes=(10, 900_000),
    decimals=3,
    free=1024,
    unit_price=Decimal("0.0490"),
    destinations=_HOME_DATA,
    details=_SURF,
)
SURF_POOL = Service(
    usage_type="DATA",
    product_group="OFFICE-DATA",
    volume_code="GB",
    volumes=(1, 14_000),
    decimals=3,
    free=20,
    unit_price=Decimal("19.90"),
    destinations=_HOME_DATA,
    details=_SURF,
)
CONTENT = Service(
    usage_type="CONTENT",
    product_group="CONTENT",
    volume_code="E",
    volumes=(1, 2),
    unit_price=Decimal("29.00"),
    vat_rate=Decimal("6.00"),
    destinations=_PARTNERS,
    details=("Engångsköp", "Prenumeration, månad"),
)
PREMIUM = Service(
    usage_type="PREMIUM",
    product_group="CONTENT",
    volume_code="MIN",
    volumes=(1, 20),
    unit_price=Decimal("9.90"),
    currency="sek",
    destinations=_PARTNERS,
    details=("Betalsamtal",),
)
ROAMING_CALL = Service(
    usage_type="ROAMING_VOICE",
    product_group="ROAMING",
    volume_code="MIN",
    volumes=(1, 25),
    unit_price=Decimal("0.0250"),
    currency="EUR",
    destinations=_ROAMING,
    details=MOBILE_NUMBERS,
)
ROAMING_SURF = Service(
    usage_type="ROAMING_DATA",
    product_group="ROAMING",
    volume_code="MB",
    volumes=(50, 400_000),
    decimals=3,
    free=100,
    unit_price=Decimal("0.001550"),
    currency="eur",
    destinations=_ROAMING,
    details=_SURF,
)
CREDIT = Service(
    usage_type="CREDIT",
    product_group="ADJUSTMENT",
    volume_code="E",
    volumes=(1, 1),
    unit_price=Decimal("-49.00"),
    destinations=_OWN,
    details=("Kreditering av störning",),
)
DAY_PASS = Service(
    usage_type="DAY_PASS",
    product_group="ROAMING",
    volume_code="DAY",
    volumes=(1, 7),
    unit_price=Decimal("39.00"),
    destinations=_ROAMING,
    details=("Dygnspass",),
)
"""Its volume code is none of the documented ones, on purpose."""

OFFICE_CALL = Service(
    usage_type="VOICE",
    product_group="OFFICE-VOICE",
    volume_code="MIN",
    volumes=(1, 60),
    free=120,
    unit_price=Decimal("0.39"),
    destinations=_SWEDEN,
    details=MOBILE_NUMBERS + FIXED_NUMBERS,
)
TELEMETRY = Service(
    usage_type="DATA",
    product_group="MACHINE",
    volume_code="B",
    volumes=(120, 4_000_000),
    free=1_000_000,
    unit_price=Decimal("0.000002"),
    destinations=_HOME_DATA,
    details=("telemetri.exempel",),
)
FIRMWARE = Service(
    usage_type="DATA_UPDATE",
    product_group="MACHINE",
    volume_code="KB",
    volumes=(64, 80_000),
    unit_price=Decimal("0.0008"),
    destinations=_HOME_DATA,
    details=("uppdatering.exempel",),
)
NORWEGIAN_CALL = Service(
    usage_type="VOICE",
    product_group="MOBILE-VOICE",
    volume_code="S",
    volumes=(5, 1800),
    free=600,
    unit_price=Decimal("0.0082"),
    currency="NOK",
    destinations=(Destination("NO-M", "Norge mobil"), Destination("SE-M", "Sverige mobil")),
    details=MOBILE_NUMBERS,
)
NORWEGIAN_SURF = Service(
    usage_type="DATA",
    product_group="MOBILE-DATA",
    volume_code="MB",
    volumes=(10, 500_000),
    decimals=3,
    free=512,
    unit_price=Decimal("0.0390"),
    currency="nok",
    destinations=(Destination("NO-D", "Norge data"),),
    details=_SURF,
)

PRIVATE = (*(CALL,) * 8, *(TEXT,) * 7, *(SURF,) * 12, PICTURE, CALL_ABROAD, CONTENT)
TRAVELLER = (*PRIVATE, *(ROAMING_CALL,) * 6, *(ROAMING_SURF,) * 9, DAY_PASS, CREDIT)
OFFICE = (*(OFFICE_CALL,) * 9, *(SURF_POOL,) * 9, *(TEXT,) * 3, CALL_ABROAD)
LANDLINE = (*(OFFICE_CALL,) * 12, CALL_ABROAD, PREMIUM, CREDIT)
MACHINE = (*(TELEMETRY,) * 9, FIRMWARE)
NORDIC = (*(NORWEGIAN_CALL,) * 5, *(NORWEGIAN_SURF,) * 6, ROAMING_CALL, ROAMING_SURF)
