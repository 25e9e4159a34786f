"""The settings of the HTTP surface: what requests must be like, and where they may come from."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from gateway.http.http_limits import HttpLimits
from gateway.http.http_profile import HttpProfile
from gateway.settings.values import Origin, ServedHost


class HttpSettings(BaseSettings):
    """How GraphQL is spoken over HTTP."""

    http_profile: HttpProfile = Field(
        HttpProfile.AUDIT,
        description=(
            "Which statuses replies have: `audit`, as the public audit suite expects, or `draft`, "
            "as the draft of August 2026 says; see [HTTP](http.md). Set it to `draft` if your "
            "clients or monitors go by the statuses of the draft."
        ),
    )
    csrf_prevention: bool = Field(
        default=True,
        description=(
            "Whether a GET needs a header that triggers a CORS preflight, such as "
            "`graphql-require-preflight`. Set it to `0` if clients that send GET cannot add one, "
            "and no browser carries credentials."
        ),
    )
    cors_origins: list[Origin] = Field(
        default_factory=list,
        description=(
            "A JSON list of the web origins whose pages may call the gateway, such as "
            '`["https://my.example.com"]`. Set it if a page of another origin calls the gateway.'
        ),
    )
    hosts: list[ServedHost] = Field(
        default_factory=list,
        description=(
            "A JSON list of the hosts that requests may name, with any port, such as "
            '`["usage.example.com", "*.svc.cluster.local"]`, or `["*"]` for any. Unset, it is any '
            "where callers are identified, and otherwise the names of loopback and `GATEWAY_HOST`. "
            "Set it to the names under which you publish the gateway."
        ),
    )
    max_request_body: int = Field(
        1024 * 1024,
        ge=1024,
        description=(
            "The most bytes of a request's body; the bodies of all requests of one server process "
            "may have 16 times as many. Raise it if a router sends more `representations` at once."
        ),
    )
    max_header: int = Field(
        HttpLimits.max_header,
        ge=1024,
        le=HttpLimits.max_head,
        description=(
            "The most bytes of one header of a request, its name included. Raise it if your "
            "tokens, or the claims that a router forwards, are larger."
        ),
    )
    head_timeout: float = Field(
        HttpLimits.head_timeout,
        gt=0,
        le=600,
        description=(
            "Seconds within which the head of a request must have arrived, from its first byte; "
            "and the first byte of a new connection. Lower it if slow clients reach the gateway "
            "without a proxy."
        ),
    )
    body_timeout: float = Field(
        HttpLimits.body_timeout,
        gt=0,
        le=600,
        description=(
            "Seconds within which the body of a request must have arrived. Raise it if clients "
            "send large bodies over slow networks."
        ),
    )
    send_timeout: float = Field(
        HttpLimits.send_timeout,
        gt=0,
        le=600,
        description=(
            "Seconds within which a client must have read some more of its reply; otherwise its "
            "connection is closed. Raise it if clients pause while they read."
        ),
    )
    max_unsent: int = Field(
        HttpLimits.max_unsent,
        ge=1024 * 1024,
        description=(
            "The most bytes of replies that clients of one server process have not read yet. If "
            "there are more, the connection with the most is closed. Change it with the memory of "
            "the process."
        ),
    )
    document_cache_bytes: int = Field(
        64 * 1024 * 1024,
        ge=0,
        description=(
            "The most bytes of memory of parsed documents in one process, with what was prepared "
            "for their operations. A document that would take more than an eighth of them is not "
            "kept. Raise it if clients send many different documents; lower it if they are few."
        ),
    )
    projection: bool = Field(
        default=True,
        description=(
            "Whether an operation is answered by a plan that is made once, or (`0`) by "
            "graphql-core. The answers are the same; graphql-core's take several times longer. Set "
            "it to `0` to find out whether an answer that looks wrong is the plan's."
        ),
    )
    introspection: Literal["scope", "everyone", "nobody"] = Field(
        "scope",
        description=(
            "Who may ask for the schema, and gets names like the misspelt ones: callers with the "
            "`scope` `usage:introspect` (everyone, where callers are not identified), `everyone`, "
            "or `nobody`. Set it to `everyone` if your schema is public."
        ),
    )
    graphiql: Literal["auto", "on", "off"] = Field(
        "auto",
        description=(
            "Whether GraphiQL is served at `/`; `auto` is `off` where callers are identified. Set "
            "it to `on` if developers explore a gateway that identifies its callers."
        ),
    )

    @property
    def http_limits(self) -> HttpLimits:
        """What each connection is held to."""
        return HttpLimits(
            max_header=self.max_header,
            head_timeout=self.head_timeout,
            body_timeout=self.body_timeout,
            send_timeout=self.send_timeout,
            max_unsent=self.max_unsent,
        )
