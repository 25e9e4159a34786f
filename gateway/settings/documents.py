"""The settings of which documents are executed: trusted ones, and those that clients persist."""

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

TrustedDocumentsMode = Literal["log", "allow", "ids"]
"""What becomes of a document that no manifest lists; see docs/trusted-documents.md."""


class DocumentSettings(BaseSettings):
    """Which documents the gateway knows, and whether it executes others."""

    trusted_documents: str | None = Field(
        None,
        description=(
            "A manifest of the clients' documents, or a folder of manifests (`*.json`); see "
            "[trusted documents](trusted-documents.md). Unset, there are none."
        ),
    )
    trusted_documents_mode: TrustedDocumentsMode = Field(
        "log",
        description=(
            "What becomes of other documents: `log` executes them and logs their digests, `allow` "
            "refuses them, `ids` refuses every text, so that clients send ids."
        ),
    )
    trusted_documents_poll: float = Field(
        5.0, ge=0.1, le=3600, description="Seconds between two looks at the manifests, for changes."
    )
    persisted_queries: bool = Field(
        default=True,
        description=(
            "Whether clients may replace a text that they have sent before by its SHA-256 "
            "(automatic persisted queries). Where only trusted documents are executed, they cannot."
        ),
    )
    persisted_queries_entries: int = Field(
        1000, ge=1, description="The most such texts that one process keeps."
    )
    persisted_queries_bytes: int = Field(
        8 * 1024 * 1024,
        ge=8 * 1024,
        description=(
            "The most bytes of memory that such texts take in one process. A text that would take "
            "more than an eighth of them is not kept."
        ),
    )

    @model_validator(mode="after")
    def _lists_what_it_trusts(self) -> Self:
        if self.trusted_documents_mode != "log" and not self.trusted_documents:
            raise ValueError(
                f"GATEWAY_TRUSTED_DOCUMENTS_MODE is {self.trusted_documents_mode}, but no document "
                "is trusted: name a manifest in GATEWAY_TRUSTED_DOCUMENTS"
            )
        return self
