"""Numbers worth trying, and what each of them shows."""

from dataclasses import dataclass

from gateway.sandbox.ledgers import TOKENS, Kind
from gateway.sandbox.routes import Address, Route


@dataclass(frozen=True, slots=True)
class Example:
    """An invoice or a customer, or one subscription of it, that shows something.

    Attributes:
        ledger: The ledger number.
        kind: Whether `number` is that of an invoice or of a customer.
        number: The invoice number or customer number.
        what: What it shows, as a phrase.
        subscription: The subscription number; empty for the account itself.
        status: The HTTP status of its answer.
        problem: The code of the problem it answers; empty if there is none or it has no code.
    """

    ledger: str
    kind: Kind
    number: str
    what: str
    subscription: str = ""
    status: int = 200
    problem: str = ""

    @property
    def token(self) -> str:
        """The bearer token of the ledger."""
        return TOKENS[self.ledger]

    def path(self, subdomain: str = "usage") -> str:
        """The server-relative, percent-encoded path of the invoice, customer or subscription."""
        route = Route.SUBSCRIPTION if self.subscription else Route.RESOURCE
        return Address(
            subdomain, self.ledger, self.kind, self.number, route, self.subscription
        ).path


_INVOICE, _CUSTOMER = Kind.INVOICE, Kind.CUSTOMER

CATALOGUE: tuple[Example, ...] = (
    Example("1234", _INVOICE, "123456", "a family's bill: five subscriptions of 50 records"),
    Example(
        "1234",
        _INVOICE,
        "123456",
        "calls, messages, data, roaming in EUR, a credit and an unknown volume code",
        "12345680",
    ),
    Example(
        "1234",
        _INVOICE,
        "123455",
        "the month before, with the same numbers: compare them; 123444 to 123455 are a year",
    ),
    Example("1234", _INVOICE, "55", "the smallest bill: five records", "70"),
    Example("1234", _INVOICE, "880044", "a company: 44 subscriptions on three pages"),
    Example("1234", _INVOICE, "5600", "120 records on three pages", "46701740681"),
    Example("1234", _INVOICE, "10000", "10,000 records in one answer", "46701740690"),
    Example("1234", _INVOICE, "5700", "null, absent and unannounced members", "46701740682"),
    Example("1234", _INVOICE, "5800", "nothing has an @id"),
    Example("1234", _INVOICE, "5901", "its member subscriptions is a list instead of a link"),
    Example("1234", _INVOICE, "5902", "its member subscriptions is a wrapped list"),
    Example("1234", _INVOICE, "5903", "its member subscriptions is null"),
    Example("1234", _INVOICE, "F/2026 & 10", "an invoice number to encode", "Växel 1/2"),
    Example("1234", _INVOICE, "77", "no usage on it", status=404, problem="invoice-has-no-usage"),
    Example(
        "1234",
        _INVOICE,
        "78",
        "a problem that PayEx does not document, with a member of its own",
        status=404,
        problem="invoice-under-review",
    ),
    Example(
        "1234",
        _INVOICE,
        "404",
        "not found, as any unknown number, but with a null instance",
        status=404,
        problem="invoice-not-found",
    ),
    Example(
        "1234",
        _INVOICE,
        "12_34?",
        "breaks the format of numbers",
        status=400,
        problem="validation",
    ),
    Example(
        "1234",
        _INVOICE,
        "123456",
        "no such subscription on an existing invoice",
        "404",
        404,
        "subscription-not-found",
    ),
    Example("1234", _CUSTOMER, "9999", "the same family's unbilled usage"),
    Example("1234", _CUSTOMER, "AB/12 & Å-3", "a customer number to encode"),
    Example("1234", _CUSTOMER, "AB/12 & Å-3", "a subscription number to encode", "Pump #4/Öst"),
    Example("1234", _CUSTOMER, "#1 100%", "a customer number that ends a careless URL"),
    Example("1234", _CUSTOMER, "880044", "the company's unbilled usage, on one page"),
    Example("1234", _CUSTOMER, "10000", "10,000 unbilled records", "46701740690"),
    Example("1234", _CUSTOMER, "1000", "a subscription that has used nothing", "46701740684"),
    Example("1234", _CUSTOMER, "1001", "a customer without subscriptions"),
    Example(
        "1234",
        _CUSTOMER,
        "404",
        "not found, with a member of its own",
        status=404,
        problem="customer-not-found",
    ),
    Example("5678", _INVOICE, "123456", "another company's invoice with the same number"),
    Example("5678", _INVOICE, "55", "bytes and kilobytes of machines", "70"),
    Example("5678", _INVOICE, "77", "has usage here, and none in ledger 1234"),
    Example("5678", _CUSTOMER, "9999", "another company's customer with the same number"),
    Example("4321", _INVOICE, "1", "Norwegian kroner and euros"),
    Example("4321", _CUSTOMER, "1", "the same, unbilled"),
    Example("9000", _INVOICE, "1", "a ledger that PayEx has not configured", status=501),
)
"""Every designated number; a test asks the sandbox for each."""
