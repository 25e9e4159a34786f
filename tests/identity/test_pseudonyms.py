"""The log calls a caller by a pseudonym: one for one caller, and of no use without the key."""

from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from gateway.identity.callers import Identity
from gateway.identity.claims import ClaimNames, rights_of
from gateway.identity.configuration import identity_of
from gateway.identity.pseudonyms import Pseudonyms
from gateway.settings.load import SettingsError
from resolvers.rights import Numbers, Rights


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def pseudonym(identity: Identity, request: Request) -> str:
    return (await identity.visitor(request)).caller(None).pseudonym


async def test_a_pseudonym_is_of_issuer_and_subject_and_tells_neither(
    with_tokens: Any, issuer: Any, clock: Any, ask: Any
) -> None:
    identity = identity_of(with_tokens(), issuer.client, now=clock)
    names = [
        await pseudonym(identity, ask(bearer(issuer.token(**claims))))
        for claims in ({}, {"exp": 1_900_000_100, "ledgers": []}, {"sub": "b"}, {"sub": None})
    ]

    assert names[0] == names[1]
    assert len(set(names)) == 3
    assert all(len(name) == 16 and int(name, 16) >= 0 for name in names)


async def test_callers_without_a_subject_are_told_apart_by_what_they_see(
    with_tokens: Any, issuer: Any, clock: Any, ask: Any
) -> None:
    """Whoever is taken for another shares that one's part of the gateway's bounds."""
    identity = identity_of(with_tokens(), issuer.client, now=clock)
    user = {"ledgers": None, "ledger": "1234"}
    names = [
        await pseudonym(identity, ask(bearer(issuer.token(sub=None, **claims))))
        for claims in (
            {"ledgers": ["1234", "5678"]},
            {"ledgers": ["5678", "1234"], "scope": None, "exp": 1_900_000_100},
            user | {"customers": ["1"]},
            user | {"customers": ["2"]},
            user | {"invoices": ["1"]},
        )
    ]

    assert names[0] == names[1]
    assert len(set(names)) == 4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"iss": "x", "sub": "a"}, {"iss": "y", "sub": "a"}),
        ({"ledgers": ["1"]}, {"ledgers": ["2"]}),
        ({"sub": "", "ledgers": ["1"]}, {"sub": "", "ledgers": ["2"]}),
    ],
    ids=["another issuer", "other ledgers", "nobody's name"],
)
def test_who_is_another_caller(one: dict[str, Any], other: dict[str, Any]) -> None:
    """A trusted router may forward the claims of several issuers."""
    pseudonyms = Pseudonyms()
    names = [pseudonyms.of(claims, rights_of(claims, ClaimNames())) for claims in (one, other)]

    assert names[0] != names[1]


def test_the_order_of_what_callers_see_makes_no_other_ones_of_them() -> None:
    """Sets have an order of their own in each process."""
    numbers = {
        ledger: Numbers(invoices=frozenset(), customers=frozenset({"9"})) for ledger in "1234"
    }
    pseudonyms = Pseudonyms()
    one, other = (
        pseudonyms.of({}, Rights(numbers=ordered))
        for ordered in (numbers, dict(reversed(numbers.items())))
    )

    assert one == other


async def test_pseudonyms_are_the_same_where_the_key_is(
    with_tokens: Any, issuer: Any, clock: Any, ask: Any, tmp_path: Path
) -> None:
    paths = [tmp_path / "pseudonym.key", tmp_path / "another.key"]
    for path, end in zip(paths, ("\n", ""), strict=True):
        path.write_text("k" * 32 + end)

    async def named(**variables: Any) -> str:
        identity = identity_of(with_tokens(**variables), issuer.client, now=clock)
        return await pseudonym(identity, ask(bearer(issuer.token())))

    kept = [await named(pseudonym_key_file=path) for path in paths]
    made_up = [await named() for _ in range(2)]
    assert kept[0] == kept[1]
    assert len({*kept, *made_up}) == 3


@pytest.mark.parametrize("key", ["k" * 31, "", None])
def test_a_key_of_pseudonyms_that_can_be_guessed_is_refused(
    configured: Any, tmp_path: Path, key: str | None
) -> None:
    path = tmp_path / "pseudonym.key"
    if key is not None:
        path.write_text(key)
    with pytest.raises(SettingsError, match="GATEWAY_PSEUDONYM_KEY_FILE: "):
        identity_of(configured(pseudonym_key_file=path))
