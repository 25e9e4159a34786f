"""Trusted routers: they prove themselves with a shared secret or a client certificate."""

import hashlib
import hmac
from typing import Final

from starlette.requests import Request
from starlette.types import Scope

from gateway.http.header_fields import lines
from gateway.identity.challenges import forbidden
from resolvers.payex.credentials.access import CredentialsError
from resolvers.payex.credentials.reloading import ReloadingFiles
from resolvers.payex.credentials.watched_files import File, WatchedFiles

SECRET_HEADER: Final = "payex-usage-router"  # noqa: S105 - the name of the header
PEER: Final = "payex-usage-peer"
"""Where the ASGI scope has the names of the client's certificate, if one was shown."""
_SHORTEST: Final = 32
_LINES: Final = 2


class RouterSecret(ReloadingFiles[tuple[bytes, ...], WatchedFiles]):
    """The secret of routers, from a file that may change.

    Args:
        file: one secret, or two during a rotation, each on its own line.
        poll: seconds between two checks of the file.

    Raises:
        CredentialsError: the file cannot be used.
    """

    _broken_line = "the router's secret is broken, the former stays in use"
    _mended_line = "the router's secret is in order again"

    def __init__(self, file: File, *, poll: float = 5.0) -> None:
        self._file = file
        super().__init__(WatchedFiles, poll=poll)

    def is_it(self, given: str) -> bool:
        """Return whether a text is the secret, in the same time for all texts of a length."""
        digest = _digest(given.encode("utf-8"))
        matches = [hmac.compare_digest(digest, known) for known in self.value]
        return any(matches)

    def _load(self, files: WatchedFiles, _: tuple[bytes, ...] | None) -> tuple[bytes, ...]:
        return _digests(self._file, files)

    def _took_up(self, _: tuple[bytes, ...]) -> None:
        self._log.info("took up a changed secret of the router")

    def __repr__(self) -> str:
        return "RouterSecret()"


class RouterTrust:
    """Recognizes the requests of trusted routers. Either proof is enough.

    Args:
        secret: the secret that routers send; None if they send none.
        certificates: whether a client certificate proves a router. GATEWAY_TLS_CLIENT_CA_FILE has
            verified it before a request can arrive.
        names: the names of which such a certificate must have one; empty for any.
        required: whether all other requests are refused.
    """

    def __init__(
        self,
        secret: RouterSecret | None = None,
        *,
        certificates: bool = False,
        names: frozenset[str] = frozenset(),
        required: bool = False,
    ) -> None:
        self.secret = secret
        self._certificates = certificates
        self._names = names
        self._required = required

    def trusts(self, request: Request) -> bool:
        """Return whether a trusted router sent the request.

        Raises:
            Refusal: 403; the secret is wrong, or a router is required and did not send the request.
        """
        sent = lines(request.headers, SECRET_HEADER) if self.secret else []
        if self.secret and sent and not (len(sent) == 1 and self.secret.is_it(sent[0])):
            raise forbidden(f"{SECRET_HEADER} is not the secret of GATEWAY_ROUTER_SECRET_FILE.")
        trusted = bool(sent) or self._shows_certificate(request)
        if self._required and not trusted:
            raise forbidden("Only trusted routers may send requests (GATEWAY_ROUTER_REQUIRED).")
        return trusted

    def _shows_certificate(self, request: Request) -> bool:
        names = peer_names(request.scope) if self._certificates else None
        return names is not None and (not self._names or not self._names.isdisjoint(names))


def peer_names(scope: Scope) -> frozenset[str] | None:
    """Return the names in the client's certificate, or None if it sent none."""
    names: frozenset[str] | None = scope.get("extensions", {}).get(PEER, {}).get("names")
    return names


def _digest(text: bytes) -> bytes:
    # Digests have one length, so a comparison does not reveal the secret's length.
    return hashlib.sha256(text).digest()


def _digests(file: File, files: WatchedFiles) -> tuple[bytes, ...]:
    lines = [line.strip() for line in files.read(file).splitlines() if line.strip()]
    if not 1 <= len(lines) <= _LINES:
        raise CredentialsError(f"{file.name}: holds {len(lines)} secrets; one or two are used.")
    for line in lines:
        if len(line) < _SHORTEST or not line.isascii() or not line.decode("ascii").isprintable():
            raise CredentialsError(
                f"{file.name}: a secret must be printable ASCII, and have at least {_SHORTEST} "
                "characters: openssl rand -base64 32 makes one."
            )
    return tuple(map(_digest, lines))
