"""Unlisted documents: those in no manifest, logged once in a while."""

import enum
import logging
import time
from collections import OrderedDict
from collections.abc import Callable

from gateway.documents.ids import digest

logger = logging.getLogger(__name__)


class Sighting(enum.Enum):
    """What a document is to the log."""

    NEW = "new"
    KNOWN = "known"
    TOO_MANY = "too many"


class Sightings:
    """Remembers documents for an interval from when they were logged, up to a number.

    So a client that makes up documents fills neither the memory nor the log. Time is an argument,
    in seconds that only grow.

    Args:
        interval: seconds for which a document is not logged again.
        most: how many documents are remembered, and logged within the interval.
    """

    def __init__(self, interval: float = 3600.0, most: int = 1000) -> None:
        self.interval = interval
        self.most = most
        self._logged: OrderedDict[str, float] = OrderedDict()
        self._overflowed_at: float | None = None

    def see(self, key: str, now: float) -> Sighting:
        """Note a document. `TOO_MANY` is returned once an interval, else `KNOWN`.

        Args:
            key: the document's digest.
            now: when it was seen.
        """
        while self._logged and now - next(iter(self._logged.values())) >= self.interval:
            self._logged.popitem(last=False)
        if key in self._logged:
            return Sighting.KNOWN
        if len(self._logged) < self.most:
            self._logged[key] = now
            return Sighting.NEW
        if self._overflowed_at is not None and now - self._overflowed_at < self.interval:
            return Sighting.KNOWN
        self._overflowed_at = now
        return Sighting.TOO_MANY

    def __len__(self) -> int:
        return len(self._logged)


class UnlistedDocuments:
    """Logs documents by their digests, never by their contents.

    Args:
        clock: seconds of a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sightings = Sightings()

    def log(self, text: str) -> None:
        """Log that a document was executed, unless it was logged within the last hour.

        The client's name for it is not logged: clients could make up any number of names.
        """
        key = digest(text)
        sighting = self._sightings.see(key, self._clock())
        if sighting is Sighting.NEW:
            logger.info("unlisted document %s", key)
        elif sighting is Sighting.TOO_MANY:
            logger.info(
                "more than %d unlisted documents within %d seconds; no more are logged",
                self._sightings.most,
                self._sightings.interval,
            )
