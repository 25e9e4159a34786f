"""The public keys of an issuer, from a JWKS (RFC 7517)."""

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key
from joserfc.jws import JWSRegistry

from resolvers.payex.credentials.reloading import SourceError

_PUBLIC_KINDS: Final = frozenset({"RSA", "EC", "OKP"})
# The members with secret values: a private exponent, or a shared key.
_SECRETS: Final = frozenset({"d", "k"})
# NIST SP 800-131A allows no shorter RSA key, and OpenSSL reads no longer one.
_SHORTEST_RSA: Final = 2048
_LONGEST_RSA: Final = 16384


class KeysError(SourceError):
    """Keys cannot be used. The message holds nothing of them."""


@dataclass(frozen=True, slots=True, repr=False)
class KeySet:
    """The usable keys of an issuer, by the algorithm of a signature.

    A key is used only for its stated purpose: `kty` and `crv` must be the algorithm's, and `alg`,
    `use` and `key_ops` must allow it if they are given. Keys that only the issuer may have (private
    or shared ones), and keys that are too short, are ignored.
    """

    by_algorithm: Mapping[str, Sequence[Key]]

    @classmethod
    def of(cls, body: bytes, algorithms: Iterable[str]) -> "KeySet":
        """Return the usable keys of a JWKS.

        Args:
            body: the JSON of the JWKS.
            algorithms: the allowed algorithms.

        Raises:
            KeysError: it is not a JWKS, or has no usable key.
        """
        try:
            keys = msgspec.json.decode(body)["keys"]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError, KeyError):
            raise KeysError("holds no JWKS") from None
        usable = [key for data in (keys if isinstance(keys, list) else ()) if (key := _key(data))]
        found = {
            algorithm: fitting
            for algorithm in algorithms
            if (fitting := [key for key in usable if _fits(key, algorithm)])
        }
        if not found:
            raise KeysError("holds no public key of the algorithms in GATEWAY_JWT_ALGORITHMS")
        return cls(found)

    def find(self, kid: str | None, algorithm: str) -> Key | None:
        """Return the key that verifies a signature, or None.

        Args:
            kid: the key's name in the token. Without a name, there must be only one such key.
            algorithm: the algorithm in the token.
        """
        keys = self.by_algorithm.get(algorithm, ())
        if kid is None:
            return keys[0] if len(keys) == 1 else None
        return next((key for key in keys if key.kid == kid), None)

    def __repr__(self) -> str:
        return f"KeySet({', '.join(self.by_algorithm)})"


def _key(data: Any) -> Key | None:
    if not isinstance(data, dict) or data.get("kty") not in _PUBLIC_KINDS or _SECRETS & data.keys():
        return None
    try:
        # The number counts: leading zeros lengthen its text, but do not make the key stronger.
        bits = _bits(data["n"]) if data["kty"] == "RSA" else _SHORTEST_RSA
        return import_key(data) if _SHORTEST_RSA <= bits <= _LONGEST_RSA else None
    except Exception:  # noqa: BLE001 - one bad key must not cost the others (RFC 7517, section 5)
        return None


def _bits(number: str) -> int:
    return int.from_bytes(urlsafe_b64decode(f"{number}=="), "big").bit_length()


def _fits(key: Key, algorithm: str) -> bool:
    try:
        JWSRegistry.algorithms[algorithm].check_key(key)
        key.check_key_op("verify")
    except JoseError:
        return False
    # Other keys of this kind (X25519, X448) are for key agreement and cannot sign.
    return algorithm != "EdDSA" or str(key.get("crv")).startswith("Ed")
