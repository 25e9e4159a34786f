"""The layout of credentials: the tenants and ledgers, and the places of their secrets."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from resolvers.payex.api.numbers import number_message
from resolvers.payex.credentials.access import CredentialsError
from resolvers.payex.credentials.client_certificate import ClientCertificate
from resolvers.payex.credentials.watched_files import File, WatchedFiles

_MESSAGES = {
    "dict_type": "must be a table",
    "missing": "is missing",
    "model_type": "must be a table",
    "string_too_short": "must not be empty",
    "string_type": "must be text",
}


@dataclass(frozen=True, slots=True)
class Ledger:
    """The credentials of one ledger.

    Attributes:
        token: the reference token, or the file that holds it.
        tenant: the name of the client certificate's tenant, or None without one.
    """

    token: SecretStr | File
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """All tenants by name, and all ledgers by number."""

    ledgers: Mapping[str, Ledger]
    tenants: Mapping[str, ClientCertificate] = field(default_factory=dict)


def _number(text: str) -> str:
    if message := number_message("ownerNo", text):
        raise ValueError(message.replace("ownerNo", "a ledger number"))
    return text


_PathText = Annotated[str, Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Tenant(_Table):
    certificate: _PathText
    key: _PathText | None = None
    passphrase_file: _PathText | None = None


class _Ledger(_Table):
    tenant: str | None = None
    token: SecretStr | None = None
    token_file: _PathText | None = None

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if (self.token is None) == (self.token_file is None):
            raise ValueError("give either token or token_file")
        return self


class _Shape(_Table):
    tenants: dict[str, _Tenant] = Field(default_factory=dict)
    ledgers: dict[Annotated[str, AfterValidator(_number)], _Ledger] = Field(min_length=1)


_ENTRIES: Mapping[str, type[_Table]] = {"tenants": _Tenant, "ledgers": _Ledger}


def checked_token(text: str, name: str) -> str:
    """Return a token without the blanks around it.

    Raises:
        CredentialsError: the token cannot be in a header. The message has the name, not the token.
    """
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable():
        raise CredentialsError(f"{name}: the token must be printable ASCII, and not empty.")
    return token


def read_layout(file: File, files: WatchedFiles) -> Layout:
    """Read the layout from a TOML file. Paths in it are relative to its folder.

    Raises:
        CredentialsError: the file cannot be read, is not TOML, or is not a valid layout.
    """
    try:
        shape = _Shape.model_validate(tomllib.loads(files.read(file).decode("utf-8")))
    except ValidationError as error:
        raise CredentialsError(_sentences(error.errors(include_input=False), file.name)) from None
    except (ValueError, RecursionError) as error:
        # The library's text may quote a character of a secret, so only the place is shown.
        place = re.search(r" \(at .*\)$", str(error))
        raise CredentialsError(f"{file.name}: is not TOML{place[0] if place else ''}.") from None

    def at(path: str, *key: str) -> File:
        return File(file.path.parent / path, ": ".join((file.name, ".".join(key))))

    tenants = {
        name: ClientCertificate(
            certificate=at(tenant.certificate, "tenants", name, "certificate"),
            key=at(tenant.key, "tenants", name, "key") if tenant.key else None,
            passphrase=(
                at(tenant.passphrase_file, "tenants", name, "passphrase_file")
                if tenant.passphrase_file
                else None
            ),
        )
        for name, tenant in shape.tenants.items()
    }
    ledgers = {}
    for number, ledger in shape.ledgers.items():
        key = f"{file.name}: ledgers.{number}"
        if ledger.tenant is not None and ledger.tenant not in tenants:
            near = f"; {_nearest(ledger.tenant, tenants)}" if tenants else ", which has none."
            raise CredentialsError(f"{key}.tenant: is not a tenant of the file{near}")
        if ledger.token_file is not None:
            token: SecretStr | File = at(ledger.token_file, "ledgers", number, "token_file")
        else:
            given = ledger.token.get_secret_value() if ledger.token else ""
            token = SecretStr(checked_token(given, f"{key}.token"))
        ledgers[number] = Ledger(token, ledger.tenant)
    return Layout(ledgers, tenants)


def _sentences(errors: Iterable[ErrorDetails], file: str) -> str:
    found = [([str(part) for part in error["loc"]], error) for error in errors]
    # An operator who swaps number and token makes the token a key, so no message repeats a key.
    swapped = [(loc[:1], error) for loc, error in found if loc[-1] == "[key]"]
    return " ".join(
        f"{file}: {'.'.join(loc)}: {_told(loc, error)}" for loc, error in swapped or found
    )


def _told(loc: list[str], error: ErrorDetails) -> str:
    if error["type"] == "extra_forbidden":
        table = _ENTRIES[loc[0]] if len(loc) > 1 else _Shape
        return f"is not a key; {_nearest(loc[-1], table.model_fields)}"
    if error["type"] == "too_short":
        return "has no ledger."
    message = _MESSAGES.get(error["type"], error["msg"].removeprefix("Value error, "))
    return message if message.endswith(".") else f"{message}."


def _nearest(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.0)
    return f"did you mean {near[0]}?"
