"""What is sent as the dearest requests, and how their replies and costs are judged."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Thread

import httpx
import pytest
from graphql import OperationDefinitionNode, parse, validate

from benchmarks.attacks import TRIED, TRIFLE, USED, Attack, Sent, Target
from benchmarks.dearest import ACCEPTED, REFUSED, Cost, chosen
from benchmarks.issuer import Issuer, issuing
from benchmarks.sieges import SIEGES, Crowd, Pipeline
from benchmarks.wire import NONE, Reply, read, request
from gateway.limits.cost_model import CostModel
from gateway.limits.violations import oversizes
from gateway.settings.limits import LimitSettings
from schema.subgraph import build_schema, executable

ANSWER = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n"


def reply(*, executed: bool, size: int = 100) -> Reply:
    return Reply(size, 200, executed, frozenset(), None)


def cost(cpu: float, size: int, *replies: Reply) -> Cost:
    return Cost("trifle", Sent(size, replies), cpu, 0, 0)


@contextmanager
def answering() -> Iterator[tuple[Target, list[bytes]]]:
    """Serve one answer to each connection, once a head has come, and keep what has come."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as pool:

        def answer(connection: socket.socket) -> None:
            with connection:
                came.append(connection.recv(65536))
                connection.sendall(ANSWER)

        def serve() -> None:
            while True:
                try:
                    pool.submit(answer, listener.accept()[0])
                except OSError:
                    return

        thread = Thread(target=serve)
        thread.start()
        try:
            yield Target(f"http://127.0.0.1:{listener.getsockname()[1]}", Issuer()), came
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


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


def test_each_has_a_name_of_its_own() -> None:
    names = [dear.name for dear in chosen("")]

    assert len({*names}) == len(names) == len([*USED, *TRIED, *SIEGES])


@pytest.mark.parametrize("attack", [*USED, *TRIED], ids=lambda attack: attack.name)
def test_an_attack_can_be_sent_five_times(attack: Attack) -> None:
    assert attack.times == 5


def test_a_request_carries_what_the_attack_says() -> None:
    attack = Attack("trifle", [b"{}", b"[]"], ["X: y"], scope="usage:read", primed=[b"0"])
    with answering() as (target, came):
        attack.prime(target)
        sent = attack.send(target, 1)
        Attack("trifle", [b"{}"], scope=None).send(target, 0)

    assert sent == Sent(len(came[1]), [Reply(len(ANSWER), 403, False, frozenset(), None)])
    assert came[0].endswith(b"\r\n\r\n0")
    assert came[1].startswith(b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nX: y\r\n" in came[1]
    assert b"\r\nContent-Length: 2\r\n\r\n[]" in came[1]
    assert target.issuer.token("usage:read").encode() in came[1]
    assert b"Authorization" not in came[2]


def test_trailers_stand_behind_one_chunk() -> None:
    plain = request("http://127.0.0.1:1", b"0123456789", trailers=["X: y"])

    assert plain.endswith(b"chunked\r\n\r\na\r\n0123456789\r\n0\r\nX: y\r\n\r\n")


def test_a_crowd_comes_on_connections_of_its_own() -> None:
    crowd = Crowd("crowd", 3, lambda _, number: b"%d" % number)
    with answering() as (target, came):
        crowd.prime(target)
        sent = crowd.send(target, 0)

    assert sorted(came) == [b"0", b"1", b"2"]
    assert (sent.size, len(sent.replies)) == (3, 3)


def test_a_pipeline_goes_on_until_the_server_takes_no_more() -> None:
    with answering() as (target, _):
        sent = Pipeline("pipeline", TRIFLE, 100_000_000).send(target, 0)
        one = request(target.origin, TRIFLE, [f"Authorization: {target.issuer.token()}"])

    assert sent.size < 100_000_000
    assert sent.replies == [NONE] * (sent.size // len(one))


def test_an_issuer_serves_its_keys_unless_it_hangs() -> None:
    with issuing() as (issuer, keys):
        assert httpx.get(keys, trust_env=False).content == issuer.keys
        assert httpx.post(keys, content=b"traces", trust_env=False).content == b""
        with issuer.hanging(0), pytest.raises(httpx.ReadTimeout):
            httpx.get(keys, trust_env=False, timeout=0.1)
        assert httpx.get(keys, trust_env=False).content == issuer.keys


def test_a_reply_is_read_with_its_codes_and_units() -> None:
    body = {"errors": [{"extensions": {"code": "A"}}], "data": None}
    told = json.dumps({**body, "extensions": {"cost": {"spent": 7}}}).encode()
    received = b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n" + told

    assert read(received) == Reply(len(received), 200, True, frozenset({"A"}), 7)
    assert read(b"HTTP/1.1 431 X\r\n\r\n") == Reply(18, 431, False, frozenset(), None)
    assert read(b"") == NONE


def test_what_is_refused_may_cost_by_its_bytes_and_what_is_executed_a_fixed_time() -> None:
    def bound(size: int, *executed: bool) -> float:
        return cost(1.0, size, *(reply(executed=each) for each in executed)).bound

    assert bound(50, True) == bound(10**6, True) == ACCEPTED
    assert bound(50, False) == REFUSED
    assert bound(100_000, False) == 10 * REFUSED
    assert bound(100_000, False, False) == 10 * REFUSED
    assert bound(100_000, True, False) == ACCEPTED + 5 * REFUSED


def test_the_table_says_which_bound_is_kept() -> None:
    def last(cpu: float) -> str:
        return cost(cpu, 50, reply(executed=True)).row[-1]

    assert (last(ACCEPTED), last(ACCEPTED + 1)) == ("yes", "no")


def test_the_table_counts_equal_answers() -> None:
    refused = Reply(9, 403, False, frozenset({"A", "B"}), None)

    row = cost(1, 1200, refused, NONE, refused).row

    assert row == [
        "trifle",
        "1,200",
        "1.00",
        "",
        "0",
        "18",
        "0",
        "2 times 403 A, B; no answer",
        "yes",
    ]
