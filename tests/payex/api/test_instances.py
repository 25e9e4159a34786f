"""Of PayEx's ids, those stand in logs and errors that can hold nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.instances import safe_instance_id

UUID = "dd07e588-70c8-4b27-95f5-020cc2968c06"


@pytest.mark.parametrize(
    "instance", [UUID, UUID.upper(), UUID.replace("-", ""), f"urn:uuid:{UUID}"]
)
def test_a_uuid_is_harmless(instance: str) -> None:
    assert safe_instance_id(instance) == instance


@pytest.mark.parametrize(
    "instance",
    [
        None,
        "",
        "/billing/usage/v1/1234/invoices/123456",
        "46701740605",
        f"{UUID} of 46701740605",
        f"{UUID}\n",
        "8946200000000000001",
    ],
)
def test_anything_else_is_left_out(instance: str | None) -> None:
    assert safe_instance_id(instance) is None


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"]), max_size=31))
def test_nothing_shorter_than_a_uuid_is_harmless(instance: str) -> None:
    assert safe_instance_id(instance) is None
