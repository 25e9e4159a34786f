"""Removed settings, and what the gateway does instead of each.

With one of them the gateway starts and warns, so an upgrade does not need a change of the
environment at the same moment.
"""

from collections.abc import Mapping
from typing import Final

REMOVED: Final[Mapping[str, str]] = {
    "max_in_flight": "`GATEWAY_UPSTREAM_MAX_IN_FLIGHT` bounds the calls in flight.",
    "document_cache": "`GATEWAY_DOCUMENT_CACHE_BYTES` bounds the memory of documents.",
    "upstream_connect_timeout": "A connection to PayEx may take 3 seconds.",
    "upstream_read_timeout": "`GATEWAY_UPSTREAM_TIMEOUT` bounds silence as well.",
    "retry_base": "The first retry waits for about 0.1 seconds, and each next one twice as long.",
    "retry_cap": "No retry waits for more than 2 seconds, unless PayEx asks for it.",
    "retry_after_max": "The gateway waits for a `Retry-After` of 5 seconds or less.",
    "retry_budget": "Retries are at most a fifth of the calls of 10 seconds.",
    "retry_minimum": "One retry a second is always allowed.",
    "breaker_failures": "A breaker opens when half of its calls fail.",
    "breaker_outage": "A breaker opens after 2 seconds without any success.",
    "breaker_window": "A breaker counts the calls of 30 seconds.",
    "breaker_pause": "An open breaker pauses calls for 10 seconds.",
    "cache_entries": "`GATEWAY_CACHE_BYTES` bounds the cached answers.",
    "jwt_leeway": "Clocks may differ by 5 seconds.",
    "jwt_max_size": "`GATEWAY_MAX_HEADER` bounds tokens and forwarded claims.",
    "max_query_string": "A query string may have 16 KiB.",
    "max_head": "The head of a request may have 64 KiB.",
    "max_headers": "A request may have 100 headers.",
    "max_request_bodies": "All bodies together may have 16 times `GATEWAY_MAX_REQUEST_BODY`.",
    "max_pending_requests": "5 requests may wait for each of `GATEWAY_MAX_OPERATIONS`.",
    "trusted_documents_poll": "The manifests are checked every 5 seconds.",
    "persisted_queries_entries": "8 MiB bound the texts that a process keeps.",
    "persisted_queries_bytes": "8 MiB bound the texts that a process keeps.",
    "max_document_operations": "A document may have 50 operations.",
    "max_directives": "A document may have 50 directives.",
    "max_comparisons": "Validation makes at most 10,000 comparisons of fields.",
    "max_validation_errors": "A reply has at most 5 validation errors.",
    "max_variable_depth": "A variable may nest 10 lists and objects.",
    "max_introspection": "An answer about the schema may have 10,000 fields.",
}
"""By the names of their fields, a sentence in Markdown."""
