"""What the benchmarks are made of: bodies, documents, and how figures become tables and goals."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLUnionType, build_schema, parse, validate

from benchmarks import bench, comparison, growth, invoices, latency, memory
from benchmarks.invoices import GROWTH, INVOICES, SUBSCRIPTIONS, details_of
from benchmarks.measure import Measured
from benchmarks.memory import Sample
from benchmarks.operations import GROWING, LIST, LOOKUP, SMALL, Operation, distinct
from benchmarks.servers import FOLDER, GATEWAY, PEERS
from benchmarks.table import number, table
from benchmarks.wrk import Run, read

ROOT = Path(__file__).parents[2]
OURS = build_schema((ROOT / "schema.graphql").read_text("utf-8"), assume_valid=True)
THEIRS = build_schema((FOLDER / "schema.graphql").read_text("utf-8"))
TITLES = {server.name: server.title for server in (GATEWAY, *PEERS)}


def measured(requests: int = 100, *, median: float = 1.0, busy: float = 1.0) -> Measured:
    """Return figures of one second."""
    run = Run(requests=requests, seconds=1.0, median=median, p99=2.0, wrong=0, lost=0)
    return Measured(run, busy, 50.0, 1.0)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the bodies."""
    path = tmp_path_factory.mktemp("bodies")
    invoices.write(path)
    return path


def numbers(value: Any) -> Iterator[tuple[str, float]]:
    """Yield every number in a body as it is written, and as JavaScript reads it."""
    if isinstance(value, list):
        for element in value:
            yield from numbers(element)
    elif isinstance(value, dict):
        yield from numbers(list(value.values()))
    elif isinstance(value, Decimal):
        yield str(value), float(value)


def test_a_double_holds_every_number_as_it_is_written(folder: Path) -> None:
    body = invoices.file(folder, details_of(INVOICES[0], SUBSCRIPTIONS[0])).read_text("utf-8")
    found = list(numbers(json.loads(body, parse_float=Decimal)))

    assert found
    assert all(text == repr(double) for text, double in found)


@pytest.mark.parametrize(("count", "invoice"), GROWTH.items())
def test_an_invoice_of_the_growth_has_as_many_records(
    folder: Path, count: int, invoice: str
) -> None:
    body = invoices.file(folder, details_of(invoice, SUBSCRIPTIONS[0])).read_bytes()

    assert len(json.loads(body)["items"]) == count


def test_a_page_of_records_is_as_long_as_payexs_may_be(folder: Path) -> None:
    sizes = [
        invoices.file(folder, details_of(invoice, subscription)).stat().st_size
        for invoice in INVOICES
        for subscription in SUBSCRIPTIONS
    ]

    assert len(sizes) == 500
    assert 15_000 < sum(sizes) / len(sizes) < 18_000


@pytest.mark.parametrize("schema", [OURS, THEIRS], ids=["the gateway's", "the peers'"])
@pytest.mark.parametrize(
    "operation", [LIST, LOOKUP, SMALL, *GROWING], ids=lambda operation: operation.name
)
def test_an_operation_is_valid(schema: Any, operation: Operation) -> None:
    assert validate(schema, parse(operation.document)) == []


def test_the_documents_of_the_memory_are_valid_and_distinct() -> None:
    bodies = distinct(200)

    assert len(set(bodies)) == 200
    assert not validate(OURS, parse(json.loads(bodies[-1])["query"]))


@pytest.mark.parametrize("name", sorted(name for name in THEIRS.type_map if name[0] != "_"))
def test_the_peers_types_are_the_gateways(name: str) -> None:
    """They may lack fields, and what belongs to customers, which nothing here asks for."""
    theirs, ours = THEIRS.type_map[name], OURS.type_map[name]

    if isinstance(theirs, GraphQLUnionType):
        assert isinstance(ours, GraphQLUnionType)
        members = {member.name for member in ours.types} - {"CustomerNotFound"}
        assert {member.name for member in theirs.types} == members
    elif isinstance(theirs, GraphQLObjectType):
        assert isinstance(ours, GraphQLObjectType)
        for field_name, field in theirs.fields.items():
            assert str(field.type) == str(ours.fields[field_name].type)
            for argument_name, argument in field.args.items():
                assert str(argument.type) == str(ours.fields[field_name].args[argument_name].type)


def test_requests_under_way_at_a_time_ask_for_different_things() -> None:
    for operation in (LIST, LOOKUP, SMALL):
        assert len(set(operation.bodies)) == len(operation.bodies) >= 100


def test_a_table_is_aligned() -> None:
    assert table(("server", "ms"), [["a", "10.5"]]).splitlines() == [
        "| server |   ms |",
        "| :----- | ---: |",
        "| a      | 10.5 |",
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(12345.6, "12,346"), (12.34, "12.3"), (1.234, "1.23"), (0.1234, "0.123")]
)
def test_a_number_has_the_digits_that_were_measured(value: float, text: str) -> None:
    assert number(value) == text


def test_a_run_is_the_last_line_of_the_generators_output() -> None:
    line = '{"requests": 10, "seconds": 2.0, "median": 1.5, "p99": 3, "wrong": 0, "lost": 0}'

    assert read(f"Running 2s test\n{line}\n").rate == 5


@pytest.mark.parametrize("output", ["", "unable to connect\n"])
def test_a_generator_that_measured_nothing_ends_it(output: str) -> None:
    with pytest.raises(SystemExit, match="wrk did not measure"):
        read(output)


def test_the_peers_stand_beside_the_gateway_by_requests_and_by_cpu() -> None:
    """Either ratio is above 1 where the gateway is ahead."""
    results = {"gateway": measured(200, busy=1.0), "mercurius": measured(100, busy=0.9)}

    rows = comparison.compared(results, TITLES, "gateway").splitlines()

    assert rows[2].split("|")[-3:-1] == [" " * 18, " " * 11]
    assert [cell.strip() for cell in rows[3].split("|")[-3:-1]] == ["2.00", "1.80"]


@pytest.mark.parametrize(("requests", "reached"), [(100, True), (99, False)])
def test_a_goal_compares_the_requests_with_a_peers(requests: int, reached: bool) -> None:
    results = {"gateway": measured(requests), "mercurius": measured(100)}

    assert [goal.reached for goal in comparison.goals("lookup", results, "gateway")] == [reached]


def test_a_goal_beside_a_peer_that_was_not_measured_is_left_out() -> None:
    assert comparison.goals("small", {"gateway": measured()}, "gateway") == []


def test_growth_is_told_for_each_record() -> None:
    among = [measured(1000, busy=each) for each in (0.1, 1.0, 10.0)]

    assert growth.costs(among) == [1.0, 1.0, 1.0]
    assert [goal.reached for goal in growth.goals(among, [0.4, 0.4, 0.4])] == [True, True]
    assert "*JSON alone*" in growth.grown({"gateway": among}, TITLES, [0.4, 0.4, 0.4])


def test_a_record_among_many_must_not_cost_more_than_among_fewer() -> None:
    among = [measured(1000, busy=each) for each in (1.0, 1.0, 12.0)]

    assert [goal.reached for goal in growth.goals(among, [0.1, 0.1, 0.1])] == [False, False]


def test_latency_is_told_in_round_trips() -> None:
    results = {"lookup": measured(median=55.0), "list": measured(median=120.0)}

    assert [goal.reached for goal in latency.goals(results, 50.0)] == [True, False]
    assert latency.waited({"gateway": results}, TITLES, 50.0).split("|")[-4].strip() == "1.10"


@pytest.mark.parametrize(("last", "reached"), [(104.0, True), (106.0, False)])
def test_memory_is_flat_if_the_second_half_adds_little(last: float, reached: bool) -> None:
    samples = [Sample(0, 50.0), Sample(500, 100.0), Sample(1000, last)]

    assert memory.goal(samples).reached == reached
    assert "1,000" in memory.watched(samples)


def test_the_command_line_names_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.arguments().parse_args(["--peers", "mercurius,hasura"])

    assert "'hasura' is none of mercurius, yoga, apollo, strawberry" in capsys.readouterr().err


def test_the_command_line_takes_some_of_the_parts() -> None:
    assert bench.arguments().parse_args(["--only", "list,memory"]).only == ["list", "memory"]
