"""Reads the settings from environment variables and a TOML file.

A variable wins over the file. An unknown key is refused, with the most similar name.
"""

import os
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource
from pydantic_settings import SettingsError as UnreadableValue

from gateway.settings.proxies import proxy_of
from gateway.settings.removed import REMOVED
from gateway.settings.settings import PREFIX, FieldMap, Settings
from gateway.settings.values import nearest
from resolvers.payex.credentials.watched_files import written_by_others

CONFIG = "GATEWAY_CONFIG"

# pydantic's messages name Python's types; operators write JSON and TOML.
_OBJECT = "must be a JSON object, or a table of the TOML file"
_MESSAGES = {
    "bool_parsing": "must be 1 or 0",
    "bool_type": "must be true or false",
    "dict_type": _OBJECT,
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "model_type": _OBJECT,
    "string_type": "must be text",
}


class SettingsError(Exception):
    """The gateway cannot start with these settings.

    Each argument is a sentence that names the setting and holds no secret.
    """

    def __str__(self) -> str:
        return " ".join(self.args)


def print_error(error: Exception) -> None:
    """Write the sentences of an error to stderr, one a line."""
    for sentence in error.args:
        sys.stderr.write(f"payex-usage-gateway: {sentence}\n")


class _Environment(EnvSettingsSource):
    """The variables of a given environment, which need not be that of the process."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(Settings)
        self.env_vars = {name.lower(): value for name, value in environment.items() if value}


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings.

    Args:
        environment: the variables; those of the process if None.

    Raises:
        SettingsError: keys are unknown, values cannot be used, or the file cannot be read. It has
            a sentence for each.
    """
    variables = os.environ if environment is None else environment
    known = {PREFIX + field.upper(): field for field in Settings.model_fields}
    allowed = [CONFIG, *known]
    removed = {PREFIX + field.upper(): field for field in REMOVED}
    wrong = [
        _unknown(name, name.upper(), allowed)
        for name in sorted(variables)
        if name.upper().startswith(PREFIX) and name not in {*allowed, *removed}
    ]
    try:
        file = _read_file(variables.get(CONFIG))
    except SettingsError as error:
        raise SettingsError(*wrong, *error.args) from None
    wrong += [
        _unknown(f"{key!r} in the file of {CONFIG}", key, known.values())
        for key in file
        if key not in known.values() and key not in REMOVED
    ]
    given = {key: value for key, value in file.items() if key in known.values()}
    given |= _decoded({name: variables[name] for name in known if name in variables}, wrong)
    givers = {}
    proxy = proxy_of(given.get("upstream_origin"), variables)
    if proxy and "upstream_proxy" not in given:
        giver, given["upstream_proxy"] = proxy
        givers["upstream_proxy"] = f", which {giver} gave"
    try:
        settings = Settings.given(
            given,
            (field for name, field in removed.items() if variables.get(name) or field in file),
        )
    except ValidationError as error:
        # Errors about combinations of settings help only when each setting is valid.
        wrong += [_sentence(found, givers) for found in error.errors() if found["loc"] or not wrong]
        raise SettingsError(*wrong) from None
    if wrong:
        raise SettingsError(*wrong)
    return settings


def _unknown(shown: str, name: str, allowed: Iterable[str]) -> str:
    return f"{shown} is no setting; {nearest(name, allowed)}"


def _decoded(variables: dict[str, str], wrong: list[str]) -> dict[str, Any]:
    """Return the values of the variables, and add a sentence for each that is not JSON."""
    try:
        return _Environment(variables)()
    except UnreadableValue as error:
        # The library names the field in quotes, and never the value.
        named = next(
            name for name in variables if f'"{name.removeprefix(PREFIX).lower()}"' in str(error)
        )
    wrong.append(f"{named} must be JSON.")
    return _decoded({name: text for name, text in variables.items() if name != named}, wrong)


def _read_file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        with Path(path).open("rb") as file:
            # It may hold tokens, and decides whom the gateway trusts.
            if wrong := written_by_others(file):
                raise SettingsError(f"{CONFIG} {wrong}.")
            return tomllib.load(file)
    except OSError as error:
        raise SettingsError(f"{CONFIG} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{CONFIG} is not TOML: it is not UTF-8.") from None
    except (ValueError, RecursionError) as error:
        # The library's text may quote a secret from the file.
        place = re.search(r"\((at .*)\)$", str(error))
        detail = place[1] if place else "it nests too deeply"
        raise SettingsError(f"{CONFIG} is not TOML: {detail}.") from None


def _sentence(error: ErrorDetails, givers: Mapping[str, str]) -> str:
    name, *rest = (str(part) for part in error["loc"] or [""])
    if error["type"] == "extra_forbidden":
        message = f"is no setting; {nearest(rest[-1], FieldMap.model_fields)}"
    else:
        message = _MESSAGES.get(error["type"], error["msg"].removeprefix("Value error, "))
    message = message.replace("Input should", "must").replace("String should", "must")
    if not message.endswith((".", "?")):
        message += "."
    # An operator who swaps ledger and token makes the token a key.
    parts = [] if name == "ledger_tokens" else [part for part in rest if part != "[key]"]
    where = ".".join([name.upper(), *parts]) + givers.get(name, "")
    return f"{PREFIX}{where}: {message}" if name else message
