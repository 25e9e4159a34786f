"""Who sees what: every field of the schema, by every path, asked for by those it is not for.

The caches are on, and hold what is not for them: somebody who sees all has always asked before.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from graphql import OperationDefinitionNode
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.json import encode

from resolvers.node_ids import NodeKind
from resolvers.node_ids import encode as encode_id
from resolvers.rights import EVERYTHING, RAW_SCOPE, READ_SCOPE, Numbers, Rights
from schema.scopes import missing
from tests.journeys.every_field import EveryField, Path, Target, fields_of
from tests.journeys.two_ledgers import (
    CORE,
    MISSING,
    TABLE,
    UNREVIEWED,
    gateway,
    mark,
    parsed,
    signs,
)

pytestmark = pytest.mark.no_cover  # examples cover the same, and tracing doubles its time

SCOPES = frozenset({READ_SCOPE, RAW_SCOPE})
TARGET = Target()
NOWHERE = Target(invoice_no=MISSING, customer_no=MISSING)
PATHS = list(EveryField(CORE).paths())


def user(owner_no: str, invoices: str = "", customers: str = "", *scopes: str) -> Rights:
    """Return an end user's rights, with all scopes unless some are named."""
    own = Numbers(frozenset(invoices.split()), frozenset(customers.split()))
    return Rights(numbers={owner_no: own}, scopes=frozenset(scopes) or SCOPES)


AGENT = Rights(ledgers=frozenset({"1234"}), scopes=SCOPES)
OWNER = user("1234", "55", "9")
STRANGERS = {
    "nobody": Rights(scopes=SCOPES),
    "an agent of another ledger": Rights(ledgers=frozenset({"5678"}), scopes=SCOPES),
    "an end user with the same numbers of another ledger": user("5678", "55", "9"),
}
NEIGHBOURS = {
    "with other numbers": user("1234", "56 550 5 055", "99 90"),
    "with the same numbers, but of the other kind": user("1234", "9", "55"),
    "who has them elsewhere too": Rights(
        numbers={**user("5678", "55", "9").numbers, **user("1234", "1", "1").numbers}, scopes=SCOPES
    ),
}
EVERYBODY_ELSE = {**STRANGERS, **NEIGHBOURS}

each_path = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)


def needs(path: Path) -> Any:
    """Return what a path's query needs of scopes."""
    document = parsed(path.query)
    [operation] = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    return TABLE.requirements(document, operation)


def test_no_field_is_left_out() -> None:
    """A new field is asked for by the tests below without a word, or this one fails."""
    walk = EveryField(CORE)
    assert list(walk.paths())
    assert walk.selected - {("Query", "_entities")} == fields_of(CORE) - {("Query", "_entities")}


@each_path
@pytest.mark.parametrize("stranger", EVERYBODY_ELSE.values(), ids=EVERYBODY_ELSE.keys())
async def test_a_stranger_sees_nothing_and_nothing_is_asked_for(
    path: Path, stranger: Rights
) -> None:
    async with gateway() as asked:
        await asked.ask(EVERYTHING, path.query, path.variables(TARGET))
        for target in (TARGET, NOWHERE):
            asked.upstream.calls.clear()
            reply = await asked.ask(stranger, path.query, path.variables(target))
            assert asked.upstream.calls == []
            assert signs(reply) == []


@each_path
@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS.keys())
async def test_of_a_ledger_that_is_not_open_nothing_is_told_not_even_that_it_is_there(
    path: Path, stranger: Rights
) -> None:
    """Nor whether the gateway has credentials for it."""
    async with gateway() as known, gateway(ledgers=()) as unknown:
        replies = [
            await one.ask(stranger, path.query, path.variables(target))
            for one in (known, unknown)
            for target in (TARGET, NOWHERE)
        ]
    assert [reply == replies[0] for reply in replies] == [True] * 4
    [error] = replies[0]["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"


@each_path
@pytest.mark.parametrize("neighbour", NEIGHBOURS.values(), ids=NEIGHBOURS.keys())
async def test_to_an_end_user_what_is_not_theirs_is_as_what_does_not_exist(
    path: Path, neighbour: Rights
) -> None:
    """The whole reply is the same, to the byte, but for the number that was asked for.

    So it is for an own number that PayEx does not have; but for references, of which an own one
    stands unproven, so that it costs no call.
    """
    own = user("1234", MISSING, MISSING)
    async with gateway() as asked:
        foreign = await asked.ask(neighbour, path.query, path.variables(TARGET))
        absent = await asked.ask(neighbour, path.query, path.variables(NOWHERE))
        assert encode(_without_numbers(foreign, TARGET)) == encode(
            _without_numbers(absent, NOWHERE)
        )
        if not path.name.startswith("_entities"):
            missed = await asked.ask(own, path.query, path.variables(NOWHERE))
            assert encode(_without_numbers(missed, NOWHERE)) == encode(absent)


def _without_numbers(reply: Any, target: Target) -> Any:
    """Take out of a reply's problems the numbers that were asked for."""
    if isinstance(reply, list):
        return [_without_numbers(one, target) for one in reply]
    if isinstance(reply, dict):
        for name, number in target.numbers.items():
            for problem in _problems():
                if found := reply.pop(f"{problem.name}_{name}", None):
                    assert found == number
        return {name: _without_numbers(one, target) for name, one in reply.items()}
    return reply


async def test_an_own_reference_that_payex_does_not_have_tells_so_below_it() -> None:
    """In the gateway's words, as they stand for what is not theirs."""
    query = """query ($references: [_Any!]!) { _entities(representations: $references) {
      ... on Invoice { invoiceNo raw
        subscriptions { ... on Problem { title detail instance } } } } }"""
    reference = {"__typename": "Invoice", "ownerNo": "1234", "invoiceNo": MISSING}
    async with gateway() as asked:
        reply = await asked.ask(user("1234", MISSING), query, {"references": [reference]})
        theirs = await asked.ask(user("1234", "1"), query, {"references": [reference]})
    problem = {"title": "The invoice was not found", "detail": None, "instance": None}
    assert reply["data"]["_entities"] == [
        {"invoiceNo": MISSING, "subscriptions": problem, "raw": None}
    ]
    assert theirs["data"]["_entities"] == [None]
    [one], [other] = reply["errors"], theirs["errors"]
    assert one["message"] == other["message"]
    assert one["extensions"] == other["extensions"]


@each_path
@pytest.mark.parametrize(
    "path_target", [TARGET, replace(TARGET, subscription_no="7171")], ids=["first", "second"]
)
async def test_an_end_user_sees_all_of_their_own_and_an_agent_all_of_the_ledger(
    path: Path, path_target: Target
) -> None:
    """Exactly what everyone sees where callers are not identified."""
    async with gateway() as asked:
        variables = path.variables(path_target)
        reply = await asked.ask(EVERYTHING, path.query, variables)
        assert reply["errors"] == []
        assert {"secret", UNREVIEWED, "7777", "2031"} <= set(signs(reply))
        for rights in (OWNER, AGENT):
            assert await asked.ask(rights, path.query, variables) == reply


async def test_the_walk_reads_a_value_of_every_field_that_is_no_problems() -> None:
    """So that a value that reached a stranger would be noticed."""
    read: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, list):
            for one in value:
                collect(one)
        elif isinstance(value, dict):
            read.update(name for name, one in value.items() if one not in (None, []))
            for one in value.values():
                collect(one)

    async with gateway() as asked:
        for path in PATHS:
            collect((await asked.ask(AGENT, path.query, path.variables(TARGET)))["data"])
    problems = {"UsageArgumentError", *(one.name for one in _problems())}
    wanted = {f"{type_}_{name}" for type_, name in fields_of(CORE) if type_ not in problems}
    # Nothing is left out of the sums, so that nothing remains.
    assert wanted - read == {"UsageTotals_remainder", "UsageComparison_remainder"}


def _problems() -> Any:
    return CORE.get_implementations(CORE.type_map["Problem"]).objects  # type: ignore[arg-type]


@each_path
async def test_without_a_scope_nothing_of_payex_is_to_be_had(path: Path) -> None:
    """Nor is PayEx asked, even for what is the caller's own."""
    nobody = Rights(numbers=OWNER.numbers)
    assert missing(needs(path), nobody)
    assert missing(needs(path), OWNER) == []

    async with gateway() as asked:
        await asked.ask(EVERYTHING, path.query, path.variables(TARGET))
        asked.upstream.calls.clear()
        reply = await asked.ask(nobody, path.query, path.variables(TARGET))
    assert asked.upstream.calls == []
    assert signs(reply) == []
    assert {error["extensions"]["code"] for error in reply["errors"]} == {"FORBIDDEN"}


@each_path
async def test_without_the_scope_of_bodies_all_but_the_bodies_is_to_be_had(path: Path) -> None:
    """Each body is null, with an error at its place."""
    reader = user("1234", "55", "9", READ_SCOPE)
    async with gateway() as asked:
        whole = await asked.ask(OWNER, path.query, path.variables(TARGET))
        reply = await asked.ask(reader, path.query, path.variables(TARGET))

    places = list(_bodies(whole["data"]))
    assert UNREVIEWED in signs(whole)
    assert UNREVIEWED not in signs(reply)
    assert "secret" in signs(reply)
    assert reply["data"] == _without_bodies(whole["data"])
    assert sorted(str(error["path"]) for error in reply["errors"]) == sorted(map(str, places))
    assert {error["extensions"]["code"] for error in reply["errors"]} == {"FORBIDDEN"}


def _bodies(data: Any, *above: str | int) -> Iterator[list[str | int]]:
    below = data.items() if isinstance(data, dict) else enumerate(data)
    for name, value in below:
        if str(name).endswith("_raw"):
            yield [*above, name]
        elif isinstance(value, dict | list):
            yield from _bodies(value, *above, name)


def _without_bodies(data: Any) -> Any:
    if isinstance(data, dict):
        return {
            name: None if name.endswith("_raw") else _without_bodies(value)
            for name, value in data.items()
        }
    return list(map(_without_bodies, data)) if isinstance(data, list) else data


async def test_in_a_list_each_number_stands_for_itself() -> None:
    """Aliases, fragments and lists mix what is one's own with what is not, and with nonsense."""
    query = """{ owner(ownerNo: "1234") { ...Own
      theirs: invoice(invoiceNo: "56") { ...Shown }
      mixed: invoices(invoiceNos: ["56", "55", "404", "", "55"]) { ...Shown }
      customers(customerNos: ["9", "55"]) { __typename } } }
    fragment Own on Owner { own: invoice(invoiceNo: "55") { ...Shown } }
    fragment Shown on InvoiceResult { __typename ... on Invoice { raw } }"""
    async with gateway() as asked:
        reply = await asked.ask(OWNER, query)
        assert sorted(asked.upstream.calls) == [
            "/billing/usage/v1/1234/customers/9",
            "/billing/usage/v1/1234/invoices/55",
        ]
    assert reply["errors"] == []
    found = reply["data"]["owner"]
    assert found["own"]["__typename"] == "Invoice"
    assert found["theirs"] == {"__typename": "InvoiceNotFound"}
    assert [one["__typename"] for one in found["mixed"]] == [
        "InvoiceNotFound",
        "Invoice",
        "InvoiceNotFound",
        "ValidationProblem",
        "Invoice",
    ]
    assert [one["__typename"] for one in found["customers"]] == ["Customer", "CustomerNotFound"]


async def test_nodes_are_refused_one_by_one() -> None:
    """Somebody else's node is as one that does not exist, to the byte but for its place."""
    query = """query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }"""
    invoice, billed = NodeKind.INVOICE, NodeKind.BILLED_SUBSCRIPTION
    ids = [
        encode_id(invoice, "1234", "55"),
        encode_id(invoice, "1234", "56"),
        encode_id(invoice, "1234", MISSING),
        encode_id(billed, "1234", "56", "70"),
        encode_id(NodeKind.OWNER, "5678"),
    ]
    async with gateway() as asked:
        reply = await asked.ask(OWNER, query, {"ids": ids})
        assert asked.upstream.calls == ["/billing/usage/v1/1234/invoices/55"]
    assert reply["data"]["nodes"] == [{"__typename": "Invoice"}] + [None] * 4
    told = {one["path"][1]: (one["message"], one["extensions"]["code"]) for one in reply["errors"]}
    assert told[1] == told[2] == told[3]
    assert told[1][1] == "NOT_FOUND"
    assert told[4][1] == "FORBIDDEN"


async def test_the_ledger_above_ones_own_invoice_shows_nothing_of_others() -> None:
    """By each way down, and back up from there."""
    foreign = """owner { ownerNo invoice(invoiceNo: "56") { __typename }
      invoices(invoiceNos: ["56", "404"]) { __typename }
      customer(customerNo: "55") { __typename } }"""
    query = f"""query ($id: ID!, $r: [_Any!]!) {{
      owner(ownerNo: "1234") {{ invoice(invoiceNo: "55") {{ ... on Invoice {{ {foreign} }} }} }}
      node(id: $id) {{ ... on UsageSubscription {{ holder {{ {foreign} }} }} }}
      _entities(representations: $r) {{ ... on Invoice {{ {foreign} }} }} }}"""
    variables = {
        "id": encode_id(NodeKind.BILLED_SUBSCRIPTION, "1234", "55", "70"),
        "r": [{"__typename": "Invoice", "ownerNo": "1234", "invoiceNo": "55"}],
    }
    async with gateway() as asked:
        reply = await asked.ask(OWNER, query, variables)
        assert not [call for call in asked.upstream.calls if "/56" in call or "/404" in call]
    absent = {
        "owner": {
            "ownerNo": "1234",
            "invoice": {"__typename": "InvoiceNotFound"},
            "invoices": [{"__typename": "InvoiceNotFound"}] * 2,
            "customer": {"__typename": "CustomerNotFound"},
        }
    }
    assert reply["errors"] == []
    assert reply["data"] == {
        "owner": {"invoice": absent},
        "node": {"holder": absent},
        "_entities": [absent],
    }


async def test_references_are_refused_one_by_one() -> None:
    query = """query ($r: [_Any!]!) { _entities(representations: $r) {
      ... on Invoice { invoiceNo raw } } }"""
    numbers = [("1234", "55"), ("1234", "56"), ("5678", "55"), ("1234", "")]
    references = [
        {"__typename": "Invoice", "ownerNo": owner_no, "invoiceNo": number}
        for owner_no, number in numbers
    ]
    async with gateway() as asked:
        reply = await asked.ask(OWNER, query, {"r": references})
        assert asked.upstream.calls == ["/billing/usage/v1/1234/invoices/55"]
    assert [one and one["invoiceNo"] for one in reply["data"]["_entities"]] == ["55"] + [None] * 3
    assert [(one["path"][1], one["extensions"]["code"]) for one in reply["errors"]] == [
        (1, "NOT_FOUND"),
        (2, "FORBIDDEN"),
        (3, "BAD_USER_INPUT"),
    ]


TENANTS = """query ($ownerNo: ID!, $number: ID!) { owner(ownerNo: $ownerNo) {
  invoice(invoiceNo: $number) { ... on Invoice { ...All } }
  customer(customerNo: $number) { ... on Customer { ...All } } } }
fragment All on UsageHolder { raw subscription(subscriptionNo: "70") { ... on UsageSubscription {
  raw usageRecords { ... on UsageRecordConnection { nodes { usageType raw } } } } } }"""

some = st.frozensets(st.sampled_from(["55", "56", "1"]))
callers = st.builds(
    Rights,
    ledgers=st.frozensets(st.sampled_from(["1234", "5678"]), max_size=1),
    numbers=st.dictionaries(st.sampled_from(["1234", "5678"]), st.builds(Numbers, some, some)),
    scopes=st.just(SCOPES),
)
questions = st.tuples(callers, st.sampled_from(["1234", "5678"]), st.sampled_from(["55", "56"]))


@settings(deadline=None, max_examples=60)
@given(asking=st.lists(questions, min_size=2, max_size=8))
async def test_of_two_ledgers_with_the_same_numbers_nobody_gets_what_is_the_others(
    asking: list[tuple[Rights, str, str]],
) -> None:
    """All at once, so that calls are shared, and once more, so that kept answers are."""
    async with gateway() as asked:
        for _ in range(2):
            replies = await asyncio.gather(
                *(
                    asked.ask(rights, TENANTS, {"ownerNo": owner_no, "number": number})
                    for rights, owner_no, number in asking
                )
            )
            for (rights, owner_no, number), reply in zip(asking, replies, strict=True):
                shown = str(reply)
                seen = {
                    mark(ledger, collection, one)
                    for ledger in ("1234", "5678")
                    for collection in ("invoices", "customers")
                    for one in ("55", "56", "1")
                    if mark(ledger, collection, one) in shown
                }
                whole = owner_no in rights.ledgers
                own = rights.numbers.get(owner_no, Numbers())
                assert seen == {
                    mark(owner_no, collection, number)
                    for collection, numbers in (
                        ("invoices", own.invoices),
                        ("customers", own.customers),
                    )
                    if whole or number in numbers
                }
