"""Selections of usage, as the resolvers make them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx

from resolvers.gathering import Gathered, Wanted
from resolvers.operation import Operation
from resolvers.payex.api.problems import Problem, ProblemType
from resolvers.payex.api.routes import Billing, Holder
from resolvers.record_filter import RecordFilter
from resolvers.rights import READ_SCOPE, Numbers, Rights
from resolvers.usage_selection import UsageSelection, compare, start_bases

Operate = Callable[..., AbstractAsyncContextManager[Operation]]
OWN = Holder("xxx", Billing.BILLED, "55")
OTHERS = Wanted(Holder("xxx", Billing.BILLED, "54"))
RIGHTS = Rights(
    numbers={"xxx": Numbers(invoices=frozenset({OWN.number}))}, scopes=frozenset({READ_SCOPE})
)


async def test_a_base_that_the_caller_does_not_see_is_as_none_and_is_not_asked_for(
    operate: Operate,
) -> None:
    asked: list[str] = []

    def upstream(request: httpx.Request) -> Any:
        asked.append(request.url.path)
        return httpx.Response(200, json={"items": []})

    selection = UsageSelection(Wanted(OWN), RecordFilter(), Gathered([], 0.0))
    async with operate(upstream, rights=RIGHTS) as operation:
        start_bases(operation, [OTHERS])
        found = await compare(operation, selection, OTHERS.holder.number, [], None)

    assert isinstance(found, Problem)
    assert (found.kind, found.holder_no) == (ProblemType.INVOICE_NOT_FOUND, "54")
    assert asked == []
