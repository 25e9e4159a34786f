"""The settings of documents: trusted ones, and those that clients persist."""

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

TrustedDocumentsMode = Literal["log", "allow", "ids"]
"""The treatment of a document that no manifest lists; see docs/trusted-documents.md."""


class DocumentSettings(BaseSettings):
    """The documents that the gateway knows, and whether it executes others."""

    trusted_documents: str | None = Field(
        None,
        description=(
            "A manifest of the clients' documents, or a folder of manifests (`*.json`); see "
            "[trusted documents](trusted-documents.md). Set it if you know all your clients."
        ),
    )
    trusted_documents_mode: TrustedDocumentsMode = Field(
        "log",
        description=(
            "How other documents are treated: `log` executes them and logs their digests, `allow` "
            "refuses them, `ids` refuses every text, so that clients send ids. Change it when the "
            "log shows no other documents any more."
        ),
    )
    persisted_queries: bool = Field(
        default=True,
        description=(
            "Whether clients may send the SHA-256 of a text in its place (automatic persisted "
            "queries). They cannot if only trusted documents are executed. Set it to `0` if no "
            "client uses them."
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
