"""What is asked: one text for every server, and the numbers that differ from request to request."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.invoices import GROWTH, INVOICES, OWNER, RECORDS, SUBSCRIPTIONS

# Eight leaves of a record, half of them within objects.
_USAGE = """usageRecords(first: $first) { __typename ... on UsageRecordConnection {
            totalCount
            nodes {
              usageDetailId startTime usageType destination
              totalVolume { value unit } amount { amount currencyCode }
            } } }"""


@dataclass(frozen=True)
class Operation:
    """One document under load.

    Attributes:
        name: what the command line and the tables call it.
        document: its text.
        variables: those of each request, in turn.
        records: how many usage records one reply holds.
    """

    name: str
    document: str = field(repr=False)
    variables: Sequence[dict[str, object]] = field(repr=False)
    records: int

    @property
    def bodies(self) -> list[str]:
        """The bodies of the requests, each on one line."""
        return [
            json.dumps({"query": self.document, "variables": variables})
            for variables in self.variables
        ]


def _of_an_invoice(parameters: str, selection: str) -> str:
    return f"""query (${parameters}) {{
  owner(ownerNo: "{OWNER}") {{
    invoice(invoiceNo: $invoiceNo) {{ __typename ... on Invoice {{
      ownerNo invoiceNo {selection}
    }} }}
  }}
}}"""


LIST = Operation(
    "list",
    _of_an_invoice(
        "invoiceNo: ID!, $first: Int",
        f"""
      subscriptions {{ __typename ... on UsageSubscriptionConnection {{
        totalCount
        nodes {{
          subscriptionNo
          {_USAGE}
        }} }} }}""",
    ),
    [{"invoiceNo": invoice, "first": RECORDS} for invoice in INVOICES],
    records=RECORDS * len(SUBSCRIPTIONS),
)
"""An invoice, its subscriptions, and the usage records of each."""

_LOOKUP = _of_an_invoice(
    "invoiceNo: ID!, $subscriptionNo: ID!, $first: Int",
    f"""
      subscription(subscriptionNo: $subscriptionNo) {{ __typename ... on UsageSubscription {{
          subscriptionNo
          {_USAGE}
        }} }}""",
)

LOOKUP = Operation(
    "lookup",
    _LOOKUP,
    [
        {"invoiceNo": invoice, "subscriptionNo": subscription, "first": RECORDS}
        for subscription in SUBSCRIPTIONS
        for invoice in INVOICES
    ],
    records=RECORDS,
)
"""An invoice, one of its subscriptions, and its usage records."""

SMALL = Operation(
    "small",
    _of_an_invoice("invoiceNo: ID!", ""),
    [{"invoiceNo": invoice} for invoice in INVOICES],
    records=0,
)
"""An invoice alone."""

GROWING = [
    Operation(
        f"{count:,} records",
        _LOOKUP,
        [{"invoiceNo": invoice, "subscriptionNo": SUBSCRIPTIONS[0], "first": count}],
        records=count,
    )
    for count, invoice in GROWTH.items()
]
"""One subscription with more and more records."""


def distinct(count: int) -> list[str]:
    """Return the bodies of requests that each have a document of their own."""
    return [
        json.dumps(
            {
                "query": f'{{ owner(ownerNo: "{OWNER}") {{ '
                f'invoice(invoiceNo: "{INVOICES[number % len(INVOICES)]}") '
                f"{{ is{number}: __typename }} }} }}"
            }
        )
        for number in range(count)
    ]
