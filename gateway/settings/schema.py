"""The settings of the schema's variant for a supergraph."""

from pydantic import Field
from pydantic_settings import BaseSettings

from schema.variants import PREFIX, Variant


class SchemaSettings(BaseSettings):
    """The variant of the schema, as in the options of the command `schema`."""

    schema_without_node: bool = Field(
        default=False,
        description=(
            "Whether the SDL leaves out `node`, `nodes`, `Node` and the `id` of ledgers, invoices "
            "and customers; see [federate](federate.md#variants). Set it to `1` if another "
            "subgraph has them."
        ),
    )
    schema_without_auth: bool = Field(
        default=False,
        description=(
            "Whether the SDL leaves out `@authenticated` and `@requiresScopes`. The gateway checks "
            "them in any case. Set it to `1` if your router cannot check them."
        ),
    )
    schema_prefix: str | None = Field(
        None,
        pattern=PREFIX,
        description=(
            "The prefix of the names `Money`, `PageInfo`, `SortDirection`, `ValidationProblem` and "
            "`Volume`, in the SDL and in `__typename`, such as `Usage`. Set it if other subgraphs "
            "have types of these names."
        ),
    )

    @property
    def variant(self) -> Variant:
        """The variant."""
        return Variant(self.schema_without_node, self.schema_without_auth, self.schema_prefix or "")
