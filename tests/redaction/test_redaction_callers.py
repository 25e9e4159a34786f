"""Nothing of who asks is seen by others: no token, no claim, and nothing of what is theirs."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.redaction.known import KNOWN, NUMBERS, SECRETS, WORDS
from tests.redaction.surfaces import gateway
from tests.redaction.talkative_payex import CONNECTED, QUERY, VARIABLES, TalkativePayex

NUMBER = NUMBERS["subscription number"]
INVOICE = NUMBERS["invoice number"]
NAME = WORDS["name"]
WORD = WORDS["word in a document"]
BODY = {"query": QUERY, "variables": VARIABLES}
KEY = ECKey.generate_key("P-256")
ISSUER = "https://issuer.example"


def token(**claims: Any) -> str:
    """Return a token of somebody; it counts for now unless it says otherwise."""
    mine = {
        "iss": ISSUER,
        "aud": "payex-usage",
        "exp": int(time.time()) + 600,
        "sub": WORDS["subject of a token"],
        "name": NAME,
        "ledger": "1234",
        "invoices": [INVOICE],
        "customers": [NUMBERS["customer number"]],
        "scope": "usage:read",
    }
    return jwt.encode({"alg": "ES256", "kid": "1"}, {**mine, **claims}, KEY)


@pytest.fixture
def identified(tmp_path: Path) -> dict[str, str]:
    """Return settings by which callers are known: by a token, or from a router."""
    files = {
        "JWT_KEYS": json.dumps({"keys": [{**KEY.as_dict(private=False), "kid": "1"}]}),
        "ROUTER_SECRET_FILE": SECRETS["secret of the router"],
        "PSEUDONYM_KEY_FILE": SECRETS["key of pseudonyms"],
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return {
        **{name: value for name, value in CONNECTED.items() if name != "INSECURE"},
        **{name: str(tmp_path / name) for name in files},
        "JWT_ISSUER": ISSUER,
        "JWT_AUDIENCE": "payex-usage",
    }


def bearer(text: str, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}", **headers}


CALLERS: Mapping[str, dict[str, str]] = {
    "whoever it is for": bearer(token()),
    "a token that has expired": bearer(token(exp=1)),
    "a token of another issuer": bearer(token(iss=NAME)),
    "a token for another audience": bearer(token(aud=NUMBER)),
    "a token of odd claims": bearer(token(ledger={NAME: NUMBER}, invoices=NUMBER, scope=[NAME])),
    "a token of odd numbers": bearer(token(ledgers=[f"{NAME} {NUMBER}"])),
    "a token that is changed": bearer(token()[:-4] + "AAAA"),
    "a token that is none": bearer(f"{NUMBER}.{WORD}.x"),
    "two tokens": {"Authorization": f"Bearer {token()}, Bearer {NUMBER}"},
    "a password": {"Authorization": f"Basic {SECRETS['password of a client']}"},
    "nobody": {},
    "claims of whoever is no router": bearer(token(), **{"payex-usage-claims": "eyJzdWIiOiJ4In0"}),
    "claims that are none": {
        "payex-usage-router": SECRETS["secret of the router"],
        "payex-usage-claims": f"{NUMBER}.{WORD}",
    },
    "a router with another secret": {"payex-usage-router": f"{NUMBER}{WORD}"},
    "a router that forwards nobody": {"payex-usage-router": SECRETS["secret of the router"]},
}


async def test_whoever_asks(identified: dict[str, str]) -> None:
    """Who is refused by a problem, who by the fields of a ledger, and who is served."""
    known = {**KNOWN, **{name: "".join(one.values()) for name, one in CALLERS.items() if one}}
    known |= {f"{name}'s token": text for name in CALLERS for text in token_of(CALLERS[name])}
    async with gateway(TalkativePayex(), **identified) as served:
        for name, headers in CALLERS.items():
            served.forget()
            reply = await served.send(json=BODY, headers=headers)
            assert (name, served.leaks(known)) == (name, [])
            assert ("data" in reply) == (name == "whoever it is for")
            if "data" in reply:
                assert '"caller":"' in served.shown["lines of the log"]


def token_of(headers: Mapping[str, str]) -> list[str]:
    """Return the long parts of what headers hold: of a token each part, and it as a whole."""
    words = [word for value in headers.values() for word in value.replace(",", " ").split()]
    parts = [part for word in words for part in (word, *word.split("."))]
    return [part for part in parts if len(part) > 20]


async def test_somebody_elses(identified: dict[str, str]) -> None:
    """An end user asks for what is not theirs, and a router forwards claims of nobody."""
    theirs = bearer(token(invoices=["1"], customers=["2"]))
    payload = {"sub": NAME, "ledger": "1234", "invoices": NUMBER, "exp": NUMBER}
    router = {"payex-usage-router": SECRETS["secret of the router"]}
    requests: list[tuple[Mapping[str, Any], dict[str, str]]] = [
        ({}, theirs),
        ({"jwt": {"payload": payload}}, router),
        ({"jwt": {"payload": NUMBER}}, router),
        ({"jwt": {"payload": payload}}, theirs),
    ]
    async with gateway(TalkativePayex(), **identified) as served:
        for extensions, headers in requests:
            await served.send(json={**BODY, "extensions": extensions}, headers=headers)

    assert served.leaks() == []
