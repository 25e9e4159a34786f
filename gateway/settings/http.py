"""The settings of HTTP: the form of requests, their origins, and limits."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from gateway.http.http_limits import HttpLimits
from gateway.http.http_profile import HttpProfile
from gateway.settings.values import Origin, ServedHost


class HttpSettings(BaseSettings):
    """The settings of GraphQL over HTTP."""

    http_profile: HttpProfile = Field(
        HttpProfile.AUDIT,
        description=(
            "The statuses of replies: `audit`, as the public audit suite expects, or `draft`, as "
            "the draft of August 2026 says; see [HTTP](http.md). Set it to `draft` if your clients "
            "or monitors rely on the statuses of the draft."
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
            '`["usage.example.com", "*.svc.cluster.local"]`, or `["*"]` for any. Unset, any host '
            "is allowed if callers are identified; otherwise only the names of loopback and "
            "`GATEWAY_HOST`. Set it to the names under which you publish the gateway."
        ),
    )
    max_request_body: int = Field(
        1024 * 1024,
        ge=1024,
        description=(
            "The most bytes of a request's body. The bodies of all requests of one server process "
            "together may have 16 times as many. Raise it if a router sends more `representations` "
            "at once."
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
            "The most seconds from the first byte of a request's head to its last, and from a new "
            "connection to its first byte. Lower it if slow clients reach the gateway without a "
            "proxy."
        ),
    )
    body_timeout: float = Field(
        HttpLimits.body_timeout,
        gt=0,
        le=600,
        description=(
            "The most seconds in which the body of a request must arrive. Raise it if clients send "
            "large bodies over slow networks."
        ),
    )
    send_timeout: float = Field(
        HttpLimits.send_timeout,
        gt=0,
        le=600,
        description=(
            "The most seconds in which a client may read nothing of its reply. Then the gateway "
            "closes its connection. Raise it if clients pause while they read."
        ),
    )
    max_unsent: int = Field(
        HttpLimits.max_unsent,
        ge=1024 * 1024,
        description=(
            "The most bytes of replies that clients of one server process have not read yet. If "
            "there are more, the gateway closes the connection with the most. Change it with the "
            "memory of the process."
        ),
    )
    document_cache_bytes: int = Field(
        64 * 1024 * 1024,
        ge=0,
        description=(
            "The most bytes of memory of parsed documents and their prepared operations in one "
            "process. A document that would take more than an eighth of them is not kept. Raise it "
            "if clients send many different documents; lower it if they send few."
        ),
    )
    projection: bool = Field(
        default=True,
        description=(
            "`1` answers operations with prepared plans, `0` with graphql-core. The answers are "
            "the same; graphql-core takes several times longer. Set it to `0` to find out whether "
            "a plan causes an answer that looks wrong."
        ),
    )
    introspection: Literal["scope", "everyone", "nobody"] = Field(
        "scope",
        description=(
            "Who may introspect the schema and get suggestions for misspelt names: callers with "
            "the `scope` `usage:introspect` (everyone, if callers are not identified), `everyone`, "
            "or `nobody`. Set it to `everyone` if your schema is public."
        ),
    )
    graphiql: Literal["auto", "on", "off"] = Field(
        "auto",
        description=(
            "Whether GraphiQL is served at `/`; `auto` is `off` if callers are identified. Set it "
            "to `on` if developers explore a gateway that identifies its callers."
        ),
    )

    @property
    def http_limits(self) -> HttpLimits:
        """The limits of each connection."""
        return HttpLimits(
            max_header=self.max_header,
            head_timeout=self.head_timeout,
            body_timeout=self.body_timeout,
            send_timeout=self.send_timeout,
            max_unsent=self.max_unsent,
        )
