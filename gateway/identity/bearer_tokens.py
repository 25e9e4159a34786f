"""Bearer tokens: signed JWTs (RFC 7519), verified with the issuer's public keys."""

import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from joserfc.errors import (
    ClaimError,
    ExpiredTokenError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwa import JWSAlgModel
from joserfc.jws import (
    CompactSignature,
    JWSRegistry,
    extract_compact,
    validate_compact,
)
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry
from joserfc.util import urlsafe_b64decode

from gateway.http.http_limits import HttpLimits
from gateway.http.json_texts import UnreadableJSONError, read_json
from gateway.http.refusals import Refusal
from gateway.identity.challenges import INVALID_TOKEN, unidentified
from gateway.identity.key_source import KeySource, NoKeysError
from resolvers.payex.credentials.reloading import RETRY

# What is wrong with a claim of the right type, by its name.
_WRONG: Final[Mapping[str, tuple[Any, str]]] = {
    "iss": (str, "The token is of another issuer than GATEWAY_JWT_ISSUER."),
    "aud": ((str, list), "The token is for another audience than GATEWAY_JWT_AUDIENCE."),
    "nbf": ((int, float), "The token is not valid yet."),
    "iat": ((int, float), "The token is not valid yet."),
}
# The allowed `typ` of a token (RFC 7519 and 9068), with or without `application/`.
_TYPES: Final = frozenset({"jwt", "at+jwt"})
_TIMES: Final = ("exp", "nbf", "iat")
# Beyond it, a binary float of JSON is no exact number of seconds any more (RFC 7493, section 2.2).
_LATEST: Final = 2**53
# No header can be longer, so no part of a token can.
_LONGEST: Final = HttpLimits.max_head
_YEARS: Final = 10
_YEAR: Final = 366 * 24 * 3600
# The library's exceptions for texts that only look like tokens.
_UNREADABLE: Final = (JoseError, ValueError, TypeError, AttributeError, RecursionError)


class TokenClock:
    """Checks the times of claims: `exp`, `nbf` and `iat`.

    A time is a number of seconds since 1970. An `exp` more than ten years ahead is refused: it is
    in another unit, or was meant to last for ever.

    Args:
        leeway: seconds by which clocks may differ. With NTP they differ by less than 5.
        now: returns the seconds since 1970.
    """

    def __init__(self, leeway: int = 5, now: Callable[[], float] = time.time) -> None:
        self._leeway = leeway
        self._now = now

    def check(self, claims: dict[str, Any], **options: ClaimsOption) -> None:
        """Check the times of claims, and the values that are required.

        Args:
            claims: the claims.
            options: the requirements, by the name of the claim.

        Raises:
            Refusal: 401.
        """
        now = int(self._now())
        for name in _TIMES:
            if claims.get(name) is not None and not _is_time(claims[name]):
                raise _invalid(f"The token's {name} is malformed.")
        if (claims.get("exp") or 0) > now + _YEARS * _YEAR:
            raise _invalid(f"The token's exp is more than {_YEARS} years ahead.")
        registry = JWTClaimsRegistry(now=now, leeway=self._leeway, **options)
        try:
            registry.validate(claims)
        except ExpiredTokenError:
            raise _invalid("The token has expired.") from None
        except MissingClaimError as error:
            raise _invalid(f"The token lacks {error.claim.replace(',', ', ')}.") from None
        except ClaimError as error:
            raise _invalid(_wrong(error.claim, claims.get(error.claim))) from None

    def is_over(self, expiry: float) -> bool:
        """Return whether checked claims have expired since, given their `exp`."""
        return expiry <= int(self._now()) - self._leeway


class BearerTokens:
    """Verifies tokens, and returns their claims.

    The settings decide on the algorithms, whatever a token says, and a key is used for its own
    algorithm only. So a public key is never used as a shared secret, and `none` is no signature.

    Args:
        source: the issuer's keys.
        algorithms: the allowed algorithms.
        issuer: the required `iss`.
        audiences: the `aud` values, of which the token must have one.
        clock: checks the times of a token.
    """

    def __init__(
        self,
        source: KeySource,
        *,
        algorithms: Iterable[str],
        issuer: str,
        audiences: Iterable[str],
        clock: TokenClock,
    ) -> None:
        self.source = source
        self._registry = _Registry(algorithms)
        self._required: dict[str, ClaimsOption] = {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "values": list(audiences)},
            "exp": {"essential": True},
        }
        self.clock = clock

    async def claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a token after verifying all of it.

        Raises:
            Refusal: 401 with what is wrong with the token; 503 while there are no keys.
        """
        signed = self._read(token)
        await self._verify(signed)
        claims = _claims(signed)
        self.clock.check(claims, **self._required)
        return claims

    def _read(self, token: str) -> CompactSignature:
        try:
            signed = extract_compact(token.encode("ascii"), registry=self._registry)
            header = signed.headers()
            self._registry.check_header(header)
            read_json(urlsafe_b64decode(signed.segments["header"]), strictly=True)
        except UnreadableJSONError as error:
            raise _invalid(f"The token's header {error}.") from None
        except _UNREADABLE:
            raise _invalid("The token is no signed JWT.") from None
        if "crit" in header:
            raise _invalid("The token has extensions that the gateway does not know.")
        if not _is_of_a_type(header.get("typ", "JWT")):
            raise _invalid("The token's typ is neither JWT nor at+jwt.")
        return signed

    async def _verify(self, signed: CompactSignature) -> None:
        header = signed.headers()
        algorithm = header["alg"]
        if algorithm not in self._registry.allowed_models:
            raise _invalid(
                "The token is signed by an algorithm that is not in GATEWAY_JWT_ALGORITHMS."
            )
        try:
            key = await self.source.find(header.get("kid"), algorithm)
        except NoKeysError:
            raise Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "Tokens cannot be checked yet: the keys of GATEWAY_JWT_KEYS could not be had.",
                {"Retry-After": str(int(RETRY))},
            ) from None
        if key is None:
            raise _invalid("The token names no key of its issuer that fits its algorithm.")
        if not validate_compact(signed, key, registry=self._registry):
            raise _invalid("The token's signature is wrong.")


class _Registry(JWSRegistry):
    """The allowed algorithms. `GATEWAY_MAX_HEADER` bounds the size of tokens."""

    def __init__(self, names: Iterable[str]) -> None:
        # Header parameters that are not understood are ignored (RFC 7515, section 4).
        super().__init__(strict_check_header=False)
        self.allowed_models = {name: self.algorithms[name] for name in names}
        self.max_header_length = self.max_payload_length = self.max_signature_length = _LONGEST

    def get_alg(self, name: str) -> JWSAlgModel:
        # Without the library's warning at each token that the name EdDSA is deprecated: it is what
        # issuers send.
        return self.allowed_models[name]


def _claims(signed: CompactSignature) -> dict[str, Any]:
    try:
        claims = read_json(signed.payload, strictly=True)
    except UnreadableJSONError as error:
        raise _invalid(f"The token's payload {error}.") from None
    if not isinstance(claims, dict):
        raise _invalid("The token's claims are no JSON object.")
    return claims


def _is_time(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 <= value <= _LATEST


def _is_of_a_type(typ: Any) -> bool:
    return isinstance(typ, str) and typ.lower().removeprefix("application/") in _TYPES


def _wrong(name: str, value: Any) -> str:
    """Return what is wrong with a claim: its value, if it has the claim's type."""
    type_, sentence = _WRONG.get(name, ((), ""))
    is_of_its_type = isinstance(value, type_) and not isinstance(value, bool)
    return sentence if is_of_its_type else f"The token's {name} is malformed."


def _invalid(detail: str) -> Refusal:
    return unidentified(detail, INVALID_TOKEN)
