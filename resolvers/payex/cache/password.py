"""The password of the shared cache, from a file that may change."""

import asyncio
import logging

from resolvers.payex.credentials.access import CredentialsError
from resolvers.payex.credentials.watched_files import File, WatchedFiles

logger = logging.getLogger(__name__)


class CachePassword:
    """A credential provider for redis-py, with the password in a file.

    The file is read for each new connection and has to be usable at the start. If it breaks later,
    the previous password stays in use.

    Args:
        file: the password; the line break at its end does not count.

    Attributes:
        user: the name of the user; None for Redis's default user.

    Raises:
        CredentialsError: the file cannot be used.
    """

    def __init__(self, file: File) -> None:
        self.user: str | None = None
        self._file = file
        self._password = _password(file)
        self._broken = ""

    def get_credentials(self) -> tuple[str, ...]:
        """Return what a new connection sends first."""
        try:
            self._password, broken = _password(self._file), ""
        except CredentialsError as error:
            broken = str(error)
        if broken and broken != self._broken:
            logger.error("the shared cache's password is broken, the former is used: %s", broken)
        self._broken = broken
        return (self.user, self._password) if self.user else (self._password,)

    async def get_credentials_async(self) -> tuple[str, ...]:
        """Return the same without blocking the event loop."""
        return await asyncio.to_thread(self.get_credentials)

    def __repr__(self) -> str:
        return "CachePassword()"


def _password(file: File) -> str:
    text = WatchedFiles().read(file)
    try:
        password = text.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise CredentialsError(f"{file.name}: is not UTF-8.") from None
    if not password or "\n" in password:
        raise CredentialsError(f"{file.name}: must hold one line, the password.")
    return password
