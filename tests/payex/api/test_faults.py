"""Faults and credentials, and that neither shows what they know."""

import pytest

from resolvers.payex.api.faults import MESSAGES, Fault, FaultCode
from resolvers.payex.credentials.access import StaticTokens

OF_ONE_ANSWER = {
    "UPSTREAM_BODY_TOO_LARGE",
    "UPSTREAM_ERROR",
    "UPSTREAM_LINK_REFUSED",
    "UPSTREAM_MALFORMED",
    "UPSTREAM_ROUTE_ABSENT",
    "UPSTREAM_TOO_MANY_PAGES",
}


OF_THE_GATEWAY = {
    "DEADLINE_EXCEEDED",
    "LEDGER_NOT_CONFIGURED",
    "OPERATION_BYTES_LIMIT",
    "PROCESS_BYTES_LIMIT",
    "UPSTREAM_BREAKER_OPEN",
    "UPSTREAM_OVERLOADED",
    "UPSTREAM_QUEUE_TIMEOUT",
    "UPSTREAM_TOO_MANY_CALLS",
}


@pytest.mark.parametrize("code", FaultCode)
def test_every_fault_has_a_name_a_full_sentence_and_a_reach(code: FaultCode) -> None:
    fault = Fault(code)
    assert code.value == code.name
    assert str(fault) == MESSAGES[code]
    assert MESSAGES[code].endswith(".")
    assert fault.of_one_answer is (code.value in OF_ONE_ANSWER)
    answered = Fault(code, status=429)
    assert answered.of_the_gateway is (code.value in OF_THE_GATEWAY)
    assert (fault.limit, fault.hint, fault.instance) == ({}, "", None)


def test_a_call_that_the_gateway_holds_back_is_told_apart_from_payex_s_429() -> None:
    assert Fault(FaultCode.UPSTREAM_RATE_LIMITED, retry_after=60).of_the_gateway
    assert not Fault(FaultCode.UPSTREAM_RATE_LIMITED, status=429).of_the_gateway


def test_a_fault_keeps_what_it_is_given_and_prints_only_its_message() -> None:
    limit = {"GATEWAY_UPSTREAM_TIMEOUT": 1.5}
    fault = Fault(FaultCode.UPSTREAM_TIMEOUT, limit=limit, hint="look there", instance="i-1")
    limit.clear()
    assert fault.limit == {"GATEWAY_UPSTREAM_TIMEOUT": 1.5}
    assert (fault.hint, fault.instance) == ("look there", "i-1")
    assert "look there" not in f"{fault}{fault!r}"
    assert "i-1" not in f"{fault}{fault!r}"


def test_tokens_are_given_by_ledger_and_none_for_a_ledger_that_has_none() -> None:
    given = {"1234": "secret"}
    tokens = StaticTokens(given)
    given.clear()
    assert tokens.token("1234") == "secret"
    assert tokens.token("5678") is None


def test_tokens_show_neither_themselves_nor_their_ledgers() -> None:
    tokens = StaticTokens({"1234": "secret"})
    assert repr(tokens) == str(tokens) == "StaticTokens(1 ledgers)"
