"""The cache layers: decoded answers in this process, and bodies shared by all instances."""

import asyncio
from http import HTTPStatus

from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.held_bytes import AnswerBytes
from resolvers.payex.api.intake import Intake
from resolvers.payex.api.problems import Problem, parse_problem
from resolvers.payex.api.reader import Reader, Reading
from resolvers.payex.api.routes import Route
from resolvers.payex.cache.local import (
    AnswerCache,
    CacheKey,
    CachePolicy,
    Outcome,
    shared_access_mark,
)
from resolvers.payex.cache.shared import SharedCache, Stored


class CacheLayers:
    """The caches of one upstream, in the order in which they are asked.

    Args:
        cache: keeps decoded answers in this process.
        policy: what is kept, and for how long.
        reader: decodes what the shared cache holds.
        shared: keeps bodies for all instances, if there is such a cache.
        origin: PayEx's origin, so that test and production share nothing.
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

    def find(self, key: CacheKey) -> tuple[Outcome | None, float, AnswerBytes | None]:
        """Return the decoded answer, the seconds it has left, and its bytes, or None, 0, None."""
        return self._cache.find(key)

    def left(self, key: CacheKey) -> float:
        """Return the seconds that the answer has left; 0 if this process keeps none."""
        return self._cache.left(key)

    async def recall(
        self, route: Route, key: CacheKey, token: str, intake: Intake | None = None
    ) -> Reading | None:
        """Return an answer from the shared cache, and keep it in this process as well.

        Raises:
            Fault: the answer is larger than it may be.
        """
        intake = intake or Intake()
        if self._shared is None or not self._policy.keeps(route):
            return None
        stored = await self._shared.get(self._shared_key(key, token))
        if stored is None:
            return None

        async def replay(_: Route, page: int) -> bytes | Problem:
            if stored.status == HTTPStatus.OK:
                intake.arrive(len(stored.bodies[page]))
                return stored.bodies[page]
            problem = parse_problem(stored.status, stored.bodies[page])
            if problem is None or not problem.is_own:
                raise Fault(FaultCode.UPSTREAM_MALFORMED)
            return problem

        try:
            reading = await self._reader.read(route, replay, intake, stored.fetched)
        except (Fault, IndexError) as error:
            if isinstance(error, Fault) and error.of_the_gateway:
                raise
            # It was stored by a gateway that understands it otherwise.
            return None
        ttl = min(self._policy.ttl(route, reading.outcome), stored.left)
        if ttl > 0:
            self._cache.put(key, reading.outcome, reading.size, ttl, intake.held)
        return reading

    def keep(
        self,
        route: Route,
        key: CacheKey,
        token: str,
        reading: Reading,
        held: AnswerBytes | None = None,
    ) -> None:
        """Keep a new answer, as far as the policy allows.

        Args:
            route: what was asked for.
            key: what the answer depends on.
            token: the ledger's token.
            reading: the answer.
            held: the memory it takes.
        """
        ttl = self._policy.ttl(route, reading.outcome)
        if ttl <= 0:
            return
        self._cache.put(key, reading.outcome, reading.size, ttl, held)
        if self._shared is not None:
            stored = Stored(reading.status, reading.bodies, fetched=reading.fetched)
            # The answer is there: nobody waits for it to be stored as well.
            task = asyncio.create_task(self._shared.put(self._shared_key(key, token), stored, ttl))
            self._storing.add(task)
            task.add_done_callback(self._storing.discard)

    async def aclose(self) -> None:
        """Finish storing, and close the connections."""
        await asyncio.gather(*self._storing, return_exceptions=True)
        if self._shared is not None:
            await self._shared.aclose()

    def _shared_key(self, key: CacheKey, token: str) -> str:
        return key._replace(access=shared_access_mark(token, self._origin)).text
