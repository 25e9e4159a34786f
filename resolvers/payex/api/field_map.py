"""The field map: which member of a PayEx body feeds which field. All of it is assumed.

No public page of PayEx shows a field of `usage-details` or `usage-summaries`. The names follow
PayEx's file specifications (BPXUSAGE04, BRPT025, DP), in the camel case of its documented bodies. A
deployment can change them in its settings:

    [field_map.usage_details]
    amount = "chargedAmount"

Keys are the names below; values are PayEx's member names. Unmapped members stay readable in `raw`.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

USAGE_DETAILS: Mapping[str, str] = MappingProxyType(
    {
        "usageDetailId": "usageDetailId",
        "startTime": "startTime",
        "usageType": "usageType",
        "productGroupId": "productGroupId",
        "detailInfo": "detailInfo",
        "destination": "destination",
        "destinationCode": "destinationCode",
        "quantity": "quantity",
        "chargedVolume": "chargedVolume",
        "totalVolume": "totalVolume",
        "volumeCode": "volumeCode",
        "unitPrice": "unitPrice",
        "amount": "amount",
        "vatRate": "vatRate",
        "currency": "currency",
    }
)
USAGE_SUMMARIES: Mapping[str, str] = MappingProxyType(
    {
        "productGroupId": "productGroupId",
        "usageType": "usageType",
        "volumeCode": "volumeCode",
        "startPeriod": "startPeriod",
        "endPeriod": "endPeriod",
        "quantity": "quantity",
        "chargedVolume": "chargedVolume",
        "totalVolume": "totalVolume",
        "totalCharge": "totalCharge",
        "currency": "currency",
    }
)

SUBSCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {name: name for name in ("subscriptionNo", "usageDetails", "usageSummaries")}
)
"""The members of a subscription, which PayEx documents: no deployment changes them."""

_ESCAPED = re.compile(r'["\\\x00-\x1f]')


def fit(assumed: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """Return the assumed map with a deployment's changes.

    Raises:
        ValueError: a key is no field, two fields would read the same member, or a member's name
            needs escaping in JSON.
    """
    for field in changes:
        if field not in assumed:
            raise ValueError(f"{field!r} is no field; the fields are: {', '.join(assumed)}.")
    fitted = {**assumed, **changes}
    for field, member in fitted.items():
        if not member or _ESCAPED.search(member):
            raise ValueError(f"The member for {field!r} needs a name without quotes or escapes.")
        others = [name for name in fitted if fitted[name] == member and name != field]
        if others:
            raise ValueError(f"{field!r} and {others[0]!r} would both read the member {member!r}.")
    return fitted
