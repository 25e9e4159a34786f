"""Where the settings come from: environment variables, and a TOML file.

A variable wins over the file. Keys that are no settings are refused, with the nearest name.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource
from pydantic_settings import SettingsError as UnreadableValue

from gateway.setting_values import nearest
from gateway.settings import PREFIX, FieldMap, Settings

CONFIG = "GATEWAY_CONFIG"

# Where the library speaks of Python, whoever writes settings thinks of JSON and TOML.
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
    """The settings cannot be used. The message names each setting and repeats no secret."""


class _Environment(EnvSettingsSource):
    """The variables of a given environment, which need not be the process's own."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(Settings)
        self.env_vars = {name.lower(): value for name, value in environment.items() if value}


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings.

    Args:
        environment: the variables; the process's own if None.

    Raises:
        SettingsError: a key is unknown, a value cannot be used, or the file cannot be read.
    """
    variables = os.environ if environment is None else environment
    known = {PREFIX + field.upper(): field for field in Settings.model_fields}
    allowed = [CONFIG, *known]
    for name in sorted(variables):
        if name.upper().startswith(PREFIX) and name not in allowed:
            raise SettingsError(f"{name} is no setting; {nearest(name.upper(), allowed)}")
    file = _read_file(variables.get(CONFIG))
    for key in file:
        if key not in known.values():
            near = nearest(key, known.values())
            raise SettingsError(f"{key!r} in the file of {CONFIG} is no setting; {near}")
    try:
        return Settings(**{**file, **_Environment(variables)()})
    except UnreadableValue as error:
        # The library names the field in quotes, and never the value.
        named = next(name for name, field in known.items() if f'"{field}"' in str(error))
        raise SettingsError(f"{named} must be JSON.") from None
    except ValidationError as error:
        raise SettingsError(" ".join(map(_sentence, error.errors()))) from None


def _read_file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{CONFIG} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise SettingsError(f"{CONFIG} is not TOML: {error}.") from None


def _sentence(error: ErrorDetails) -> str:
    name, *rest = (str(part) for part in error["loc"] or [""])
    if error["type"] == "extra_forbidden":
        message = f"is no setting; {nearest(rest[-1], FieldMap.model_fields)}"
    else:
        message = _MESSAGES.get(error["type"], error["msg"].removeprefix("Value error, "))
    message = message.replace("Input should", "must").replace("String should", "must")
    if not message.endswith((".", "?")):
        message += "."
    # Whoever swaps ledger and token has the token for a key.
    parts = [] if name == "ledger_tokens" else [part for part in rest if part != "[key]"]
    return f"{PREFIX}{'.'.join([name.upper(), *parts])}: {message}" if name else message
