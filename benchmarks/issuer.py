"""The issuer of the callers' tokens: it signs them, and serves its keys unless it hangs.

Beside it stands a collector of traces that forgets them, whose requests are no calls to PayEx.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import RSAKey

from benchmarks.invoices import OWNER

SCOPES: Final = "usage:read usage:raw usage:introspect"
"""All that there are."""

_NAME: Final = "https://issuer.example"
_AUDIENCE: Final = "payex-usage"
_KID: Final = "1"
# Seconds in which the gateway looks at the keys once at most for the tokens of unknown keys, and
# one more.
_INTERVAL: Final = 31


class Issuer:
    """Signs tokens. `issuing` also serves its keys.

    Attributes:
        keys: its JWKS.
    """

    def __init__(self) -> None:
        self._key = RSAKey.generate_key(2048, {"kid": _KID, "use": "sig", "alg": "RS256"})
        self.keys = json.dumps({"keys": [self._key.as_dict(private=False)]}).encode()
        self._expires = int(time.time()) + 24 * 3600
        self._asked = time.monotonic()
        self._serves = Event()
        self._serves.set()

    def token(self, scope: str = SCOPES, kid: str = _KID) -> str:
        """Return what the header `Authorization` holds of a caller who sees the whole ledger.

        Args:
            scope: the scopes, separated by blanks.
            kid: what the key that signed it is called.
        """
        claims = {
            "iss": _NAME,
            "aud": _AUDIENCE,
            "exp": self._expires,
            "sub": "benchmark",
            "ledgers": [OWNER],
            "scope": scope,
        }
        return f"Bearer {jwt.encode({'alg': 'RS256', 'kid': kid}, claims, self._key)}"

    def settings(self, keys: str) -> dict[str, str]:
        """Return the settings of a gateway that takes its tokens.

        Args:
            keys: the path or the URL of the JWKS.
        """
        return {
            "GATEWAY_JWT_KEYS": keys,
            "GATEWAY_JWT_ISSUER": _NAME,
            "GATEWAY_JWT_AUDIENCE": _AUDIENCE,
        }

    @contextmanager
    def hanging(self, interval: float = _INTERVAL) -> Iterator[None]:
        """Answer nobody while the block lasts.

        Args:
            interval: seconds that must have passed since it was asked for its keys, so that the
                gateway asks for an unknown one.
        """
        time.sleep(max(0.0, self._asked + interval - time.monotonic()))
        self._serves.clear()
        try:
            yield
        finally:
            self._serves.set()

    def answered(self) -> bytes:
        """Return the keys, as soon as it does not hang."""
        self._asked = time.monotonic()
        self._serves.wait()
        return self.keys


@contextmanager
def issuing() -> Iterator[tuple[Issuer, str]]:
    """Serve for as long as the block lasts, and yield the issuer with the server's origin.

    The keys are at whatever path.
    """
    issuer = Issuer()

    class Served(BaseHTTPRequestHandler):
        """Answers with the keys, and takes traces."""

        def do_GET(self) -> None:
            """Answer with the keys."""
            self._answer(issuer.answered())

        def do_POST(self) -> None:
            """Take traces."""
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # The gateway does not wait for ever for one that hangs.
            with suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Served) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield issuer, f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
