"""What is sent as the dearest requests, and how their replies and costs are judged."""

import json

import pytest
from graphql import OperationDefinitionNode, parse, validate

from benchmarks.attacks import TRIED, USED, Attack
from benchmarks.dearest import ACCEPTED, REFUSED, Cost, Reply, read, request
from gateway.limit_settings import LimitSettings
from gateway.limits.cost_model import CostModel
from gateway.limits.excess import oversizes
from schema.subgraph import build_schema, executable

TRIFLE = Attack("trifle", [b"{}"], ["X: y"], token=False)


def reply(*, executed: bool, size: int = 100) -> Reply:
    return Reply(size, 200, executed, frozenset(), None)


@pytest.mark.parametrize("attack", USED, ids=lambda attack: attack.name)
def test_what_users_ask_for_is_valid_and_within_the_default_limits(attack: Attack) -> None:
    asked = json.loads(attack.bodies[0])
    document = parse(asked["query"])
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    limits = LimitSettings.model_construct()
    cost = CostModel(executable(build_schema())).read(document, operation)

    assert validate(executable(build_schema()), document) == []
    assert oversizes(asked["query"], limits) == []
    assert cost.refusals(asked.get("variables"), limits) == []


@pytest.mark.parametrize("attack", [*USED, *TRIED], ids=lambda attack: attack.name)
def test_an_attack_has_a_name_and_enough_requests(attack: Attack) -> None:
    assert len(attack.bodies) == 5
    assert [one.name for one in (*USED, *TRIED)].count(attack.name) == 1


def test_a_request_carries_what_the_attack_says() -> None:
    plain = request("http://127.0.0.1:1", TRIFLE, b"{}", "Bearer t").decode()

    assert plain.startswith("POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:1\r\n")
    assert "\r\nX: y\r\n" in plain
    assert plain.endswith("\r\n\r\n{}")
    assert "Authorization" not in plain
    assert "Bearer t" in request("http://127.0.0.1:1", USED[0], b"{}", "Bearer t").decode()


def test_a_reply_is_read_with_its_codes_and_units() -> None:
    body = {"errors": [{"extensions": {"code": "A"}}], "data": None}
    told = json.dumps({**body, "extensions": {"cost": {"spent": 7}}}).encode()
    received = b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n" + told

    assert read(received) == Reply(len(received), 200, True, frozenset({"A"}), 7)
    assert read(b"HTTP/1.1 431 X\r\n\r\n") == Reply(18, 431, False, frozenset(), None)
    assert read(b"") == Reply(0, 0, False, frozenset(), None)


def test_what_is_refused_may_cost_by_its_bytes_and_what_is_executed_a_fixed_time() -> None:
    def bound(size: int, *, executed: bool) -> float:
        return Cost(TRIFLE, size, 1.0, 0, reply(executed=executed)).bound

    assert bound(50, executed=True) == bound(10**6, executed=True) == ACCEPTED
    assert bound(50, executed=False) == REFUSED
    assert bound(100_000, executed=False) == 10 * REFUSED


def test_the_table_says_which_bound_is_kept() -> None:
    def last(cpu: float) -> str:
        return Cost(TRIFLE, 50, cpu, 0, reply(executed=True)).row[-1]

    assert (last(ACCEPTED), last(ACCEPTED + 1)) == ("yes", "no")
