"""The settings of deadlines, retries, circuit breakers, bounds and caches."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from gateway.settings.values import CacheUrl


class PolicySettings(BaseSettings):
    """The settings that keep a slow or failing PayEx from failing everyone."""

    deadline: float = Field(
        30.0,
        gt=0,
        le=600,
        description=(
            "Seconds that one operation may take. The request header `payex-usage-deadline` may "
            "name fewer. Lower it to what your clients and proxies wait for."
        ),
    )
    max_calls: int = Field(
        500,
        ge=1,
        description=(
            "The most calls to PayEx of one operation. Lower it if PayEx limits your rate; raise "
            "it if honest operations end with `UPSTREAM_TOO_MANY_CALLS`."
        ),
    )
    retry_attempts: int = Field(
        3,
        ge=1,
        le=10,
        description=(
            "The most attempts of a call, the first included. Only broken connections, 429, 502, "
            "503 and 504 are retried. Set it to `1` if something between the gateway and PayEx "
            "retries."
        ),
    )
    rate_limit_max: float = Field(
        600.0,
        ge=0,
        le=86400,
        description=(
            "The most seconds that one 429 of PayEx with `Retry-After` pauses the calls of its "
            "ledger, in one server process. `0` pauses none. Set it to `0` if a 429 of PayEx "
            "concerns less than the whole ledger."
        ),
    )
    breaker_requests: int = Field(
        20,
        ge=1,
        description=(
            "The number of calls in 30 seconds from which a circuit breaker opens if half of them "
            "fail. If no call succeeds for 2 seconds, a quarter of this number is enough. Lower it "
            "if you have few calls; raise it if breakers open although PayEx is well."
        ),
    )
    upstream_max_in_flight: int = Field(
        100,
        ge=1,
        description=(
            "The most calls to PayEx in flight in one server process. A caller that is alone may "
            "use them all; while others wait, callers share them. Change it, with "
            "`GATEWAY_UPSTREAM_MAX_CONNECTIONS`, to what PayEx allows."
        ),
    )
    upstream_max_queued: int = Field(
        5000,
        ge=0,
        description=(
            "The most calls to PayEx that wait for their turn in one process. Beyond it, the "
            "caller with the most calls loses its last one; a caller with less than its share of "
            "`GATEWAY_UPSTREAM_MAX_IN_FLIGHT` still waits. Lower it if clients prefer an early "
            "error while PayEx is slow."
        ),
    )
    cache_billed_ttl: float = Field(
        60.0,
        ge=0,
        le=86400,
        description=(
            "Seconds that billed usage is kept; 0 keeps none. Raise it if the same invoices are "
            "read often; lower it if bill runs are reversed."
        ),
    )
    cache_unbilled_ttl: float = Field(
        0.0,
        ge=0,
        le=86400,
        description=(
            "Seconds that unbilled usage is kept; 0 keeps none. Raise it if clients accept usage "
            "that is that old."
        ),
    )
    cache_problem_ttl: float = Field(
        5.0,
        ge=0,
        le=3600,
        description=(
            "The most seconds that a problem such as a missing invoice is kept. Lower it if "
            "clients request an invoice right after its bill run."
        ),
    )
    cache_bytes: int = Field(
        64 * 1024 * 1024,
        ge=1024,
        description=(
            "The most bytes of memory of the answers kept in one process, as estimated: several "
            "times their JSON; see [caching](caching.md). Change it with the memory of the "
            "process."
        ),
    )
    cache_url: CacheUrl | None = Field(
        None,
        description=(
            "A Redis or Valkey that instances share, `rediss://user@host:6379/0`, with or without "
            "its password. It needs the package's extra `redis`. Set it if several processes or "
            "instances get the same queries."
        ),
    )
    cache_password_file: str | None = Field(
        None,
        description=(
            "The file of the password of `GATEWAY_CACHE_URL`, read for each new connection. Set it "
            "to keep the password out of the URL, or to rotate it."
        ),
    )
    cache_timeout: float = Field(
        0.1,
        gt=0,
        le=10,
        description=(
            "The most seconds that a command to the shared cache may take. Raise it if the cache "
            "is in another zone or region."
        ),
    )

    @model_validator(mode="after")
    def _password_of_a_cache(self) -> Self:
        if self.cache_password_file and not self.cache_url:
            raise ValueError("GATEWAY_CACHE_PASSWORD_FILE is of no use without GATEWAY_CACHE_URL")
        return self
