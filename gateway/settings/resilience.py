"""The settings of how PayEx is treated: time, retries, the breaker, bounds and caches."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from gateway.settings.values import CacheUrl


class PolicySettings(BaseSettings):
    """What keeps one slow or failing upstream from becoming everyone's."""

    deadline: float = Field(
        30.0,
        gt=0,
        le=600,
        description=(
            "Seconds that one operation may take. The request header `payex-usage-deadline` may "
            "name fewer."
        ),
    )
    max_calls: int = Field(500, ge=1, description="The most upstream calls of one operation.")
    max_in_flight: int | None = Field(
        None,
        ge=1,
        description=(
            "No longer has an effect; leave it out. An operation that is alone may use all of "
            "`GATEWAY_UPSTREAM_MAX_IN_FLIGHT`, and shares it while others wait."
        ),
    )
    retry_attempts: int = Field(
        3,
        ge=1,
        le=10,
        description=(
            "How often a call is tried in all. Only broken connections, 429, 502, 503 and 504 are "
            "tried again."
        ),
    )
    retry_base: float = Field(
        0.1, gt=0, le=10, description="Seconds around which the first retry waits; then doubled."
    )
    retry_cap: float = Field(2.0, gt=0, le=60, description="The most seconds a retry waits.")
    retry_after_max: float = Field(
        5.0,
        ge=0,
        le=600,
        description="The longest `Retry-After`, in seconds, that is waited for; else no retry.",
    )
    rate_limit_max: float = Field(
        600.0,
        ge=0,
        le=86400,
        description=(
            "The most seconds that one 429 of PayEx with `Retry-After` holds back the calls of its "
            "ledger, in one server process; 0 holds none back."
        ),
    )
    retry_budget: float = Field(
        0.2, ge=0, le=1, description="The most retries, as a share of the calls of 10 seconds."
    )
    retry_minimum: float = Field(
        1.0, ge=0, le=100, description="Retries a second that are allowed however few calls are."
    )
    breaker_requests: int = Field(
        20,
        ge=1,
        description=(
            "Calls in a breaker's window below which a share of failures does not open it."
        ),
    )
    breaker_failures: float = Field(
        0.5,
        gt=0,
        le=1,
        description=(
            "The share of 5xx, time-outs and broken connections in the window from which on the "
            "breaker opens."
        ),
    )
    breaker_outage: float = Field(
        2.0,
        gt=0,
        le=3600,
        description=(
            "Seconds in which calls failed and none succeeded from which on the breaker opens, "
            "whatever came before, once a quarter of `GATEWAY_BREAKER_REQUESTS` calls have failed."
        ),
    )
    breaker_window: float = Field(
        30.0, gt=0, le=3600, description="Seconds that the breaker looks back."
    )
    breaker_pause: float = Field(
        10.0, gt=0, le=3600, description="Seconds that an open breaker lets PayEx rest."
    )
    upstream_max_in_flight: int = Field(
        100,
        ge=1,
        description=(
            "The most upstream calls under way in one server process. A caller that is alone may "
            "use them all; while others wait, callers share them."
        ),
    )
    upstream_max_queued: int = Field(
        5000,
        ge=0,
        description=(
            "The most upstream calls that wait for their turn in one process. Past it, the caller "
            "with the most calls loses its last one; one with less than its share of "
            "`GATEWAY_UPSTREAM_MAX_IN_FLIGHT` still waits."
        ),
    )
    cache_billed_ttl: float = Field(
        60.0, ge=0, le=86400, description="Seconds that billed usage is kept; 0 keeps none."
    )
    cache_unbilled_ttl: float = Field(
        0.0, ge=0, le=86400, description="Seconds that unbilled usage is kept; 0 keeps none."
    )
    cache_problem_ttl: float = Field(
        5.0,
        ge=0,
        le=3600,
        description="The most seconds that a problem such as a missing invoice is kept.",
    )
    cache_entries: int = Field(10_000, ge=1, description="The most answers kept in one process.")
    cache_bytes: int = Field(
        64 * 1024 * 1024,
        ge=1024,
        description=(
            "The most bytes of memory that the answers kept in one process take, as estimated from "
            "what they are decoded to: several times their JSON; see [caching](caching.md)."
        ),
    )
    cache_url: CacheUrl | None = Field(
        None,
        description=(
            "A Redis or Valkey that instances share, `rediss://user@host:6379/0`; unset, each "
            "process keeps its own. Its password may stand in the URL as well, "
            "`rediss://user:password@host:6379/0`. It needs the package's extra `redis`."
        ),
    )
    cache_password_file: str | None = Field(
        None,
        description=(
            "The file of the password of `GATEWAY_CACHE_URL`, which then holds none. It is read "
            "for each new connection."
        ),
    )
    cache_timeout: float = Field(
        0.1, gt=0, le=10, description="Seconds that a question to the shared cache may take."
    )

    @model_validator(mode="after")
    def _password_of_a_cache(self) -> Self:
        if self.cache_password_file and not self.cache_url:
            raise ValueError("GATEWAY_CACHE_PASSWORD_FILE is of no use without GATEWAY_CACHE_URL")
        return self
