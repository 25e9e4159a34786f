"""Credentials from files, read again if the files change."""

import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from resolvers.payex.credentials.access import Access
from resolvers.payex.credentials.layout import Layout
from resolvers.payex.credentials.reloading import ReloadingFiles
from resolvers.payex.credentials.state import Shown, Sources, State
from resolvers.payex.credentials.watched_files import File, WatchedFiles


class CredentialsFile(ReloadingFiles[State, WatchedFiles]):
    """Tokens and client certificates from files.

    Args:
        source: the path of the TOML file with the layout, or the layout itself.
        authorities: a PEM file of trusted authorities, beside the public ones.
        poll: seconds between two checks of the files.
        now: returns the time, which decides whether a certificate has expired.

    Raises:
        CredentialsError: the credentials cannot be used.
    """

    _broken_line = "the credentials are broken, the former stay in use"
    _mended_line = "the credentials are in order again"

    def __init__(
        self,
        source: Path | Layout,
        *,
        authorities: File | None = None,
        poll: float = 5.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._sources = Sources(source, authorities)
        self._now = now
        self._told: set[str] = set()
        super().__init__(WatchedFiles, poll=poll)

    def access(self, owner_no: str) -> Access | None:
        """Return the access of the ledger, or None."""
        return self.value.accesses.get(owner_no)

    def token(self, owner_no: str) -> str | None:
        """Return the ledger's token, or None."""
        access = self.value.accesses.get(owner_no)
        return access.token if access else None

    def tls(self, tenant: str | None) -> ssl.SSLContext:
        """Return the tenant's TLS context.

        Raises:
            KeyError: there is no such tenant.
        """
        return self.value.materials[tenant].context

    def certificate_paths(self) -> dict[str, Path]:
        """Return the path of each tenant's client certificate."""
        return {tenant: shown.file.path for tenant, shown in self._shown().items()}

    def expiries(self) -> dict[str, datetime]:
        """Return when each tenant's client certificate expires, in UTC."""
        return {tenant: shown.expiry for tenant, shown in self._shown().items()}

    def _load(self, files: WatchedFiles, former: State | None) -> State:
        return self._sources.read(files, former or State())

    async def _read(self) -> State | None:
        self._object()
        return await super()._read()

    def _took_up(self, former: State) -> None:
        self._log.info(
            "took up changed credentials: ledgers %s; tenants %s",
            _changed(former.accesses, self.value.accesses),
            _changed(former.materials, self.value.materials),
        )

    def _shown(self) -> dict[str, Shown]:
        return {
            str(tenant): material.shown
            for tenant, material in self.value.materials.items()
            if material.shown
        }

    def _object(self) -> None:
        for shown in self._shown().values():
            objection = shown.objection(self._now())
            if objection and objection not in self._told:
                self._log.warning("%s: %s; PayEx refuses it", shown.file.name, objection)
                self._told.add(objection)

    def __repr__(self) -> str:
        return f"CredentialsFile({len(self.value.accesses)} ledgers)"


def _changed(former: Mapping[Any, object], state: Mapping[Any, object]) -> list[str]:
    return sorted(
        str(name) for name in {*former, *state} if former.get(name) is not state.get(name)
    )
