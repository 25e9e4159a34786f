"""Credentials from files, taken up anew when the files change."""

import asyncio
import logging
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from resolvers.payex.credentials.access import Access, CredentialsError
from resolvers.payex.credentials.layout import Layout
from resolvers.payex.credentials.state import Shown, Sources, State
from resolvers.payex.credentials.watched_files import File, WatchedFiles

logger = logging.getLogger(__name__)


class CredentialsFile:
    """Tokens and client certificates from files.

    What the files hold at the start has to be usable. A later state that is not is refused as a
    whole and logged once; the former stays in use until the files are in order again.

    Args:
        source: the path of the TOML file with the layout, or the layout itself.
        authorities: a PEM file of authorities that are trusted beside the public ones.
        poll: seconds between two looks at the files.
        now: tells the time, by which a certificate has expired or not.

    Raises:
        CredentialsError: the credentials cannot be used.
    """

    def __init__(
        self,
        source: Path | Layout,
        *,
        authorities: File | None = None,
        poll: float = 5.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._sources = Sources(source, authorities)
        self._poll = poll
        self._now = now
        self._broken = ""
        self._told: set[str] = set()
        # Whoever asks for a look must not meet the one that `watch` has under way in its thread.
        self._looking = threading.Lock()
        self._files = WatchedFiles()
        self._state = self._sources.read(self._files, State())

    def access(self, owner_no: str) -> Access | None:
        """Return what opens the ledger, or None."""
        return self._state.accesses.get(owner_no)

    def token(self, owner_no: str) -> str | None:
        """Return the ledger's token, or None."""
        access = self._state.accesses.get(owner_no)
        return access.token if access else None

    def tls(self, tenant: str | None) -> ssl.SSLContext:
        """Return what the tenant's connections are made with.

        Raises:
            KeyError: there is no such tenant.
        """
        return self._state.materials[tenant].context

    def certificate_paths(self) -> dict[str, Path]:
        """Return where each tenant's client certificate lies."""
        return {tenant: shown.file.path for tenant, shown in self._shown().items()}

    def expiries(self) -> dict[str, datetime]:
        """Return when the client certificate that each tenant shows expires, in UTC."""
        return {tenant: shown.expiry for tenant, shown in self._shown().items()}

    @property
    def broken(self) -> bool:
        """Whether the files cannot be used as they are, so that the former state is in use."""
        return bool(self._broken)

    def refresh(self) -> bool:
        """Look at the files now, and return whether anything changed.

        It reads files, so call it in a thread. What is wrong with them is logged, and not raised.
        """
        with self._looking:
            changed = not self._files.unchanged() and self._take_up()
        self._object()
        return changed

    async def watch(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Look at the files again and again, until cancelled.

        Args:
            sleep: waits for so many seconds.
        """
        self._object()
        while True:
            await sleep(self._poll)
            try:
                await asyncio.to_thread(self.refresh)
            except Exception as error:  # noqa: BLE001 - unwatched, the credentials would run out
                name = type(error).__name__
                logger.error("looking at the credentials failed: %s", name)  # noqa: TRY400 - a
                # traceback may quote what the files hold.

    def _take_up(self) -> bool:
        former, files = self._state, WatchedFiles()
        try:
            state, broken = self._sources.read(files, former), ""
        except CredentialsError as error:
            state, broken = former, str(error)
        # What changed while it was read may be half of a change; the next look sees all of it.
        if not files.unchanged():
            return False
        self._files, self._state = files, state
        if broken and broken != self._broken:
            logger.error("the credentials are broken, the former stay in use: %s", broken)
        if self._broken and not broken:
            logger.info("the credentials are in order again")
        self._broken = broken
        ledgers = _changed(former.accesses, state.accesses)
        tenants = _changed(former.materials, state.materials)
        if ledgers or tenants:
            logger.info("took up changed credentials: ledgers %s; tenants %s", ledgers, tenants)
        return bool(ledgers or tenants)

    def _shown(self) -> dict[str, Shown]:
        return {
            str(tenant): material.shown
            for tenant, material in self._state.materials.items()
            if material.shown
        }

    def _object(self) -> None:
        for shown in self._shown().values():
            objection = shown.objection(self._now())
            if objection and objection not in self._told:
                logger.warning("%s: %s; PayEx refuses it", shown.file.name, objection)
                self._told.add(objection)

    def __repr__(self) -> str:
        return f"CredentialsFile({len(self._state.accesses)} ledgers)"


def _changed(former: Mapping[Any, object], state: Mapping[Any, object]) -> list[str]:
    return sorted(
        str(name) for name in {*former, *state} if former.get(name) is not state.get(name)
    )
