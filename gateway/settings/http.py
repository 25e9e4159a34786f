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
            "as the draft of August 2026 says; see [HTTP](http.md)."
        ),
    )
    csrf_prevention: bool = Field(
        default=True,
        description=(
            "Whether GET needs a header that a browser sends to another site only after asking, "
            "such as `graphql-require-preflight`."
        ),
    )
    cors_origins: list[Origin] = Field(
        default_factory=list,
        description=(
            "A JSON list of the web origins whose pages may call the gateway, such as "
            '`["https://my.example.com"]`; none by default.'
        ),
    )
    hosts: list[ServedHost] = Field(
        default_factory=list,
        description=(
            "A JSON list of the hosts that requests may name, by whatever port, such as "
            '`["usage.example.com", "*.svc.cluster.local"]`, or `["*"]` for any. Without it, any '
            "where callers are identified, and otherwise the names of loopback and `GATEWAY_HOST`."
        ),
    )
    max_request_body: int = Field(
        1024 * 1024, ge=1024, description="The most bytes that the body of a request may have."
    )
    max_query_string: int = Field(
        HttpLimits.max_query_string,
        ge=256,
        description="The most bytes that the query string of a GET may have.",
    )
    max_head: int = Field(
        HttpLimits.max_head,
        ge=4096,
        le=1024 * 1024,
        description=(
            "The most bytes that the head of a request may have: its request line and its headers. "
            "So also what stands around a chunked body beyond the bytes of the body: sizes and "
            "extensions of chunks, and trailers."
        ),
    )
    max_header: int = Field(
        HttpLimits.max_header,
        ge=1024,
        description="The most bytes that one header of a request may have, its name included.",
    )
    max_headers: int = Field(
        HttpLimits.max_headers, ge=10, description="The most headers that a request may have."
    )
    head_timeout: float = Field(
        HttpLimits.head_timeout,
        gt=0,
        le=600,
        description=(
            "Seconds within which the head of a request must have come, from its first byte; and "
            "the first byte of a new connection."
        ),
    )
    body_timeout: float = Field(
        HttpLimits.body_timeout,
        gt=0,
        le=600,
        description="Seconds within which the body of a request must have come.",
    )
    send_timeout: float = Field(
        HttpLimits.send_timeout,
        gt=0,
        le=600,
        description=(
            "Seconds within which a client must have taken some more of its answer; otherwise its "
            "connection is closed."
        ),
    )
    max_unsent: int = Field(
        HttpLimits.max_unsent,
        ge=1024 * 1024,
        description=(
            "The most bytes of answers that clients of one server process have not taken yet. If "
            "there are more, the connection with the most is closed."
        ),
    )
    max_request_bodies: int = Field(
        16 * 1024 * 1024,
        ge=1024,
        description=(
            "The most bytes that the bodies of all requests of one server process may have, from "
            "their first byte to the reply; at least one of `GATEWAY_MAX_REQUEST_BODY`. Past it, "
            "the caller with the most bytes is answered with 503."
        ),
    )
    max_pending_requests: int = Field(
        1000,
        ge=1,
        description=(
            "The most requests of one server process whose bodies are being read or which wait "
            "for a place among the operations. Past it, the caller with the most of them is "
            "answered with 503."
        ),
    )
    document_cache: int | None = Field(
        None,
        ge=0,
        description=(
            "No longer has an effect; leave it out. `GATEWAY_DOCUMENT_CACHE_BYTES` bounds what is "
            "kept of documents by the memory that it takes."
        ),
    )
    document_cache_bytes: int = Field(
        64 * 1024 * 1024,
        ge=0,
        description=(
            "The most bytes of memory that parsed documents take in one process, with what was "
            "worked out of their operations. A document that would take more than an eighth of "
            "them is not kept."
        ),
    )
    projection: bool = Field(
        default=True,
        description=(
            "Whether requests of an operation are answered by a plan that is made once, in which "
            "plain data are read by compiled functions; otherwise graphql-core executes each field "
            "by itself. The answers are the same, and take several times longer."
        ),
    )
    introspection: Literal["scope", "everyone", "nobody"] = Field(
        "scope",
        description=(
            "Who may ask for the schema, and is told of names like the ones it misspelt: callers "
            "with the `scope` `usage:introspect` (everyone, where callers are not identified), "
            "`everyone`, or `nobody`."
        ),
    )
    graphiql: Literal["auto", "on", "off"] = Field(
        "auto",
        description=(
            "Whether GraphiQL is served at `/`; `auto` is `off` where callers are identified."
        ),
    )

    @property
    def http_limits(self) -> HttpLimits:
        """What each connection is held to."""
        return HttpLimits(
            max_head=self.max_head,
            max_header=self.max_header,
            max_headers=self.max_headers,
            max_query_string=self.max_query_string,
            head_timeout=self.head_timeout,
            body_timeout=self.body_timeout,
            send_timeout=self.send_timeout,
            max_unsent=self.max_unsent,
        )
