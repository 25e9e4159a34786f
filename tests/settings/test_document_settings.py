"""The settings of documents: a gateway that should be closed never starts open."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.settings.documents import DocumentSettings


def refused(**values: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        DocumentSettings(**values)
    return " ".join(error["msg"] for error in caught.value.errors())


def test_without_settings_no_document_is_trusted_and_clients_may_persist_theirs() -> None:
    settings = DocumentSettings()
    assert settings.trusted_documents is None
    assert settings.trusted_documents_mode == "log"
    assert settings.persisted_queries


@pytest.mark.parametrize("mode", ["allow", "ids"])
def test_a_mode_that_refuses_documents_needs_a_manifest(tmp_path: Path, mode: Any) -> None:
    assert refused(trusted_documents_mode=mode) == (
        f"Value error, GATEWAY_TRUSTED_DOCUMENTS_MODE is {mode}, but no document is trusted: "
        "name a manifest in GATEWAY_TRUSTED_DOCUMENTS"
    )
    settings = DocumentSettings(trusted_documents=str(tmp_path), trusted_documents_mode=mode)
    assert settings.trusted_documents_mode == mode


def test_a_mode_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    assert refused(trusted_documents_mode="warn") == "Input should be 'log', 'allow' or 'ids'"
