"""What is kept of PayEx's answers: decoded in this process, and as bodies for all instances."""

import asyncio
from http import HTTPStatus

from resolvers.payex.cache import AnswerCache, CacheKey, CachePolicy, Outcome, shared_access_mark
from resolvers.payex.faults import Fault, FaultCode
from resolvers.payex.problems import Problem, parse_problem
from resolvers.payex.reader import Reader, Reading
from resolvers.payex.routes import Route
from resolvers.payex.shared_cache import SharedCache, Stored
from resolvers.payex.turns import Pace


class Memory:
    """The caches of one upstream, in the order in which they are asked.

    Args:
        cache: keeps decoded answers in this process.
        policy: what is kept, and for how long.
        reader: decodes what the shared cache holds.
        shared: keeps bodies for all instances, if there is such a cache.
        origin: which PayEx it is, so that its test system shares nothing with it.
    """

    def __init__(
        self,
        cache: AnswerCache,
        policy: CachePolicy,
        reader: Reader,
        *,
        shared: SharedCache | None = None,
        origin: str = "",
    ) -> None:
        self._cache = cache
        self._policy = policy
        self._reader = reader
        self._shared = shared
        self._origin = origin
        self._storing: set[asyncio.Task[None]] = set()

    def find(self, key: CacheKey) -> tuple[Outcome | None, float]:
        """Return the decoded answer, and for how many seconds it stays the same.

        They are None and 0 if this process keeps none.
        """
        return self._cache.find(key)

    def left(self, key: CacheKey) -> float:
        """Return for how many seconds the answer stays the same; 0 if this process keeps none."""
        return self._cache.left(key)

    async def recall(
        self, route: Route, key: CacheKey, token: str, pace: Pace | None = None
    ) -> Reading | None:
        """Return the answer that another instance has brought, and keep it here as well."""
        if self._shared is None or not self._policy.keeps(route):
            return None
        stored = await self._shared.get(self._shared_key(key, token))
        if stored is None:
            return None

        async def replay(_: Route, page: int) -> bytes | Problem:
            if stored.status == HTTPStatus.OK:
                return stored.bodies[page]
            problem = parse_problem(stored.status, stored.bodies[page])
            if problem is None or not problem.is_own:
                raise Fault(FaultCode.UPSTREAM_MALFORMED)
            return problem

        try:
            reading = await self._reader.read(route, replay, pace)
        except (Fault, IndexError):
            # It was stored by a gateway that understands it otherwise.
            return None
        ttl = min(self._policy.ttl(route, reading.outcome), stored.left)
        if ttl > 0:
            self._cache.put(key, reading.outcome, reading.size, ttl)
        return reading

    def keep(self, route: Route, key: CacheKey, token: str, reading: Reading) -> None:
        """Keep an answer that PayEx has just given, as far as the policy allows."""
        ttl = self._policy.ttl(route, reading.outcome)
        if ttl <= 0:
            return
        self._cache.put(key, reading.outcome, reading.size, ttl)
        if self._shared is not None:
            stored = Stored(reading.status, reading.bodies)
            # The answer is there: nobody waits for it to be stored as well.
            task = asyncio.create_task(self._shared.put(self._shared_key(key, token), stored, ttl))
            self._storing.add(task)
            task.add_done_callback(self._storing.discard)

    async def aclose(self) -> None:
        """Store what is being stored, and close the connections."""
        await asyncio.gather(*self._storing, return_exceptions=True)
        if self._shared is not None:
            await self._shared.aclose()

    def _shared_key(self, key: CacheKey, token: str) -> str:
        return key._replace(access=shared_access_mark(token, self._origin)).text
