"""GraphQL over HTTP, as the public audit suite (graphql-http) puts it to the running gateway."""

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.service import SECONDS, running
from tests.supergraph.programs import node

FOLDER = Path(__file__).parent
PREFLIGHT = "graphql-require-preflight"
# What is answered otherwise than the suite wants, by the audit's id, and the rule behind it. Where
# the suite says "validation" (FDE2), it sends a document that cannot be parsed.
_DRAFT_400 = "draft, status codes: a document that cannot be parsed is 400 for every client"
_DRAFT_422 = "draft, status codes: variables that cannot be coerced are 422 for every client"
_ILL_FORMED = "draft, status codes: JSON that is no well-formed request is 422"
_GET = "CSRF prevention: a GET needs a header that browsers send elsewhere only after asking"
DEVIATIONS: dict[str, dict[str, str]] = {
    "audit": {},
    "draft": {
        **dict.fromkeys(["572B", "FDE2"], _DRAFT_400),
        **dict.fromkeys(["7B9B", "86EE"], _DRAFT_422),
        **dict.fromkeys(["423L", "3E3A", "LKJ0", "LKJ1", "LKJ2", "LKJ3"], _ILL_FORMED),
        **dict.fromkeys(["6C00", "6C01", "6C02", "6C03"], _ILL_FORMED),
        **dict.fromkeys(["4760", "4761", "4762", "4763"], _ILL_FORMED),
        **dict.fromkeys(["58B0", "58B1", "58B2", "58B3"], _ILL_FORMED),
    },
    "audit, without the header": dict.fromkeys(["5A70", "D6D5", "6A70"], _GET),
}
# The settings and the headers of each case.
CASES: dict[str, tuple[dict[str, str], list[str]]] = {
    "audit": ({}, [PREFLIGHT]),
    "draft": ({"GATEWAY_HTTP_PROFILE": "draft"}, [PREFLIGHT]),
    "audit, without the header": ({}, []),
}


@pytest.mark.parametrize("case", CASES)
def test_the_gateway_answers_every_audit_apart_from_the_deviations(
    tmp_path: Path, case: str
) -> None:
    """No deviation touches a MUST."""
    program = node(FOLDER, "test")
    settings, headers = CASES[case]

    with running(tmp_path / "gateway.log", "serve", "--port", "0", **settings) as service:
        url = str(service.request("GET", "/health/live").url.join("/graphql"))
        ran = subprocess.run(  # noqa: S603 - our own command
            [program, "audit.mjs", url, *headers],
            cwd=FOLDER,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            text=True,
        )

    assert ran.returncode == 0, ran.stderr
    audits: list[dict[str, Any]] = [json.loads(line) for line in ran.stdout.splitlines()]
    assert Counter(audit["level"] for audit in audits) == {"MUST": 13, "SHOULD": 23, "MAY": 25}
    failed = {audit["id"]: audit for audit in audits if audit["status"] != "ok"}
    assert failed.keys() == DEVIATIONS[case].keys(), failed
    assert all(audit["level"] != "MUST" for audit in failed.values())
