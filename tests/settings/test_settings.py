"""Settings come from variables and a TOML file, are checked at the start, and tell no secret."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.settings.load import SettingsError, load_settings
from gateway.settings.settings import Settings

SECRET = "s3cret-reference-token"  # noqa: S105 - opens nothing
CONNECTED = {
    "GATEWAY_UPSTREAM_ORIGIN": "https://lf-api.payex.com",
    "GATEWAY_LEDGER_TOKENS": f'{{"1234": "{SECRET}"}}',
    "GATEWAY_INSECURE": "1",
}


def refusal(environment: Mapping[str, str]) -> str:
    """Return the sentence by which settings are refused."""
    with pytest.raises(SettingsError) as caught:
        load_settings(environment)
    return str(caught.value)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The path of a TOML file, for a test to write."""
    return tmp_path / "gateway.toml"


def test_without_any_setting_the_sandbox_is_served_on_loopback() -> None:
    settings = load_settings({})

    assert settings.is_sandbox
    assert settings.host == "127.0.0.1"


def test_an_upstream_origin_ends_the_sandbox() -> None:
    assert not load_settings(CONNECTED).is_sandbox


def test_without_an_environment_the_variables_are_those_of_the_process() -> None:
    assert load_settings() == load_settings(dict(os.environ))


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings({}).port = 1  # type: ignore[misc]


def test_an_object_is_json_in_a_variable() -> None:
    tokens = load_settings(CONNECTED).ledger_tokens

    assert tokens["1234"].get_secret_value() == SECRET


def test_a_list_is_json_in_a_variable() -> None:
    settings = load_settings({"GATEWAY_SANDBOX_FAULTS": '["usage-details=500@0.25"]'})

    assert settings.sandbox_faults == ["usage-details=500@0.25"]


def test_an_empty_variable_counts_as_not_set(config: Path) -> None:
    config.write_text("port = 9001")

    settings = load_settings({"GATEWAY_CONFIG": str(config), "GATEWAY_PORT": ""})

    assert settings.port == 9001


def test_an_empty_config_names_no_file() -> None:
    assert load_settings({"GATEWAY_CONFIG": ""}) == load_settings({})


def test_the_file_wins_over_the_default(config: Path) -> None:
    config.write_text("port = 9001\n[ledger_tokens]\n1234 = 'a'\n")

    settings = load_settings({"GATEWAY_CONFIG": str(config)})

    assert settings.port == 9001
    assert set(settings.ledger_tokens) == {"1234"}


def test_a_variable_wins_over_the_file(config: Path) -> None:
    config.write_text("port = 9001\nworkers = 2")

    settings = load_settings({"GATEWAY_CONFIG": str(config), "GATEWAY_PORT": "9002"})

    assert (settings.port, settings.workers) == (9002, 2)


def test_a_variable_replaces_an_object_of_the_file_as_a_whole(config: Path) -> None:
    config.write_text("[ledger_tokens]\n1 = 'a'\n2 = 'b'\n")

    settings = load_settings({"GATEWAY_CONFIG": str(config), "GATEWAY_LEDGER_TOKENS": '{"3": "c"}'})

    assert set(settings.ledger_tokens) == {"3"}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("GATEWAY_PRT", "GATEWAY_PORT"),
        ("GATEWAY_LEDGER_TOKEN", "GATEWAY_LEDGER_TOKENS"),
        ("GATEWAY_CONFIGURATION", "GATEWAY_CONFIG"),
        ("gateway_port", "GATEWAY_PORT"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_name(name: str, nearest: str) -> None:
    assert refusal({name: "1"}) == f"{name} is no setting; did you mean {nearest}?"


def test_a_variable_of_another_program_is_let_be() -> None:
    assert load_settings({"PATH": "/bin", "OTHER_GATEWAY_PORT": "1"}) == load_settings({})


def test_an_unknown_key_of_the_file_is_refused_with_the_nearest_name(config: Path) -> None:
    config.write_text("[ledger_token]\n1234 = 'a'\n")

    assert refusal({"GATEWAY_CONFIG": str(config)}) == (
        "'ledger_token' in the file of GATEWAY_CONFIG is no setting; did you mean ledger_tokens?"
    )


def test_a_file_that_is_not_there_is_named_by_its_variable(tmp_path: Path) -> None:
    path = tmp_path / "absent.toml"

    assert refusal({"GATEWAY_CONFIG": str(path)}) == (
        "GATEWAY_CONFIG cannot be read: No such file or directory."
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps its rights elsewhere")
@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_that_others_may_write_is_refused_as_secrets_are(config: Path, mode: int) -> None:
    """It may hold tokens, and says whom the gateway trusts."""
    config.write_text("port = 9001")
    config.chmod(mode)

    assert refusal({"GATEWAY_CONFIG": str(config)}) == (
        f"GATEWAY_CONFIG is writable by others than its owner (mode {mode:04o}); use chmod go-w."
    )


@pytest.mark.parametrize("content", [b"port = ", b"\xff"], ids=["not TOML", "not UTF-8"])
def test_a_file_that_is_not_toml_is_refused(config: Path, content: bytes) -> None:
    config.write_bytes(content)

    assert refusal({"GATEWAY_CONFIG": str(config)}).startswith("GATEWAY_CONFIG is not TOML: ")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "x", "GATEWAY_PORT: must be a whole number."),
        ("PORT", "65536", "GATEWAY_PORT: must be less than or equal to 65535."),
        ("WORKERS", "0", "GATEWAY_WORKERS: must be greater than or equal to 1."),
        ("INSECURE", "perhaps", "GATEWAY_INSECURE: must be 1 or 0."),
        ("UPSTREAM_TIMEOUT", "soon", "GATEWAY_UPSTREAM_TIMEOUT: must be a number."),
        ("UPSTREAM_TIMEOUT", "0", "GATEWAY_UPSTREAM_TIMEOUT: must be greater than 0."),
        (
            "UPSTREAM_SUBDOMAIN",
            "a/b",
            "GATEWAY_UPSTREAM_SUBDOMAIN: must match pattern '^[A-Za-z0-9-]+$'.",
        ),
        ("LEDGER_TOKENS", SECRET, "GATEWAY_LEDGER_TOKENS must be JSON."),
        (
            "LEDGER_TOKENS",
            f'["{SECRET}"]',
            "GATEWAY_LEDGER_TOKENS: must be a JSON object, or a table of the TOML file.",
        ),
        (
            "LEDGER_TOKENS",
            f'{{"1234": "{SECRET}\\n"}}',
            "GATEWAY_LEDGER_TOKENS: the value must be printable ASCII, and not empty.",
        ),
        (
            "LEDGER_TOKENS",
            '{"1234": ""}',
            "GATEWAY_LEDGER_TOKENS: the value must be printable ASCII, and not empty.",
        ),
        (
            "LEDGER_TOKENS",
            '{"1234": "å"}',
            "GATEWAY_LEDGER_TOKENS: the value must be printable ASCII, and not empty.",
        ),
        (
            "LEDGER_TOKENS",
            f'{{"{SECRET}": "1234"}}',
            "GATEWAY_LEDGER_TOKENS: a ledger number has 22 characters; at most 15 are allowed.",
        ),
        (
            "UPSTREAM_HEADERS",
            '{"X Y": "1"}',
            "GATEWAY_UPSTREAM_HEADERS.X Y: is not the name of a header.",
        ),
        (
            "UPSTREAM_HEADERS",
            f'{{"Authorization": "{SECRET}"}}',
            "GATEWAY_UPSTREAM_HEADERS.Authorization: is a header that the gateway itself sets.",
        ),
        ("UPSTREAM_HEADERS", '{"X-Y": 1}', "GATEWAY_UPSTREAM_HEADERS.X-Y: must be text."),
        ("SANDBOX_FAULTS", '"x"', "GATEWAY_SANDBOX_FAULTS: must be a list."),
        (
            "FIELD_MAP",
            '{"usage_detail": {}}',
            "GATEWAY_FIELD_MAP.usage_detail: is no setting; did you mean usage_details?",
        ),
        (
            "FIELD_MAP",
            '{"usage_details": {"amont": "x"}}',
            "GATEWAY_FIELD_MAP: 'amont' is no field; did you mean amount?",
        ),
        (
            "FIELD_MAP",
            '{"usage_summaries": {"totalCharge": "currency"}}',
            (
                "GATEWAY_FIELD_MAP: 'totalCharge' and 'currency' would both read the member "
                "'currency'."
            ),
        ),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_in_one_sentence(
    name: str, value: str, sentence: str
) -> None:
    """The sentence names the setting, says what it must be, and repeats no secret."""
    assert refusal({f"GATEWAY_{name}": value}) == sentence


def test_a_fault_that_does_not_exist_is_refused_with_the_name_of_its_setting() -> None:
    text = refusal({"GATEWAY_SANDBOX_FAULTS": '["resource=5OO"]'})

    assert text.startswith("GATEWAY_SANDBOX_FAULTS.0: No fault has the kind '5OO'.")


def test_each_wrong_setting_is_told_of() -> None:
    text = refusal({"GATEWAY_PORT": "x", "GATEWAY_WORKERS": "y"})

    assert text == "GATEWAY_PORT: must be a whole number. GATEWAY_WORKERS: must be a whole number."


@pytest.mark.parametrize(
    "origin",
    [
        "lf-api.payex.com",
        "ftp://lf-api.payex.com",
        "https://",
        "https://[x",
        "https://lf api.payex.com",
        "https://lf-api.payex.com:99999",
        "https://lf-api.payex.com:0",
    ],
)
def test_an_origin_is_scheme_and_host(origin: str) -> None:
    text = refusal({**CONNECTED, "GATEWAY_UPSTREAM_ORIGIN": origin})

    assert text == "GATEWAY_UPSTREAM_ORIGIN: must look like https://lf-api.payex.com."


@pytest.mark.parametrize(
    "beyond", ["https://payex.com/billing/usage/v1", "https://payex.com?a=b", "https://payex.com#a"]
)
def test_an_origin_has_nothing_behind_the_port(beyond: str) -> None:
    text = refusal({**CONNECTED, "GATEWAY_UPSTREAM_ORIGIN": beyond})

    assert text.endswith("must be scheme, host and port only, without a path.")


def test_an_origin_holds_no_credentials_and_they_are_not_repeated() -> None:
    text = refusal({**CONNECTED, "GATEWAY_UPSTREAM_ORIGIN": f"https://me:{SECRET}@payex.com"})

    assert text.endswith("must be scheme, host and port only, without a path.")


def test_a_slash_behind_an_origin_is_left_out() -> None:
    settings = load_settings({**CONNECTED, "GATEWAY_UPSTREAM_ORIGIN": "https://payex.com:8443/"})

    assert settings.upstream_origin == "https://payex.com:8443"


@pytest.mark.parametrize("host", ["payex.com", "10.0.0.1", "127.0.0.1.example", "[2001:db8::1]"])
def test_plain_http_is_refused_beyond_loopback(host: str) -> None:
    text = refusal({**CONNECTED, "GATEWAY_UPSTREAM_ORIGIN": f"http://{host}"})

    assert text == "GATEWAY_UPSTREAM_ORIGIN: plain http is for loopback only; use https."


@pytest.mark.parametrize("host", ["localhost:8100", "127.0.0.1:8100", "127.9.9.9", "[::1]:8100"])
def test_plain_http_is_allowed_on_loopback(host: str) -> None:
    settings = load_settings({**CONNECTED, "GATEWAY_UPSTREAM_ORIGIN": f"http://{host}"})

    assert settings.upstream_origin == f"http://{host}"


def test_an_upstream_without_tokens_is_refused() -> None:
    text = refusal({**CONNECTED, "GATEWAY_LEDGER_TOKENS": ""})

    assert text.startswith("GATEWAY_UPSTREAM_ORIGIN is set, but GATEWAY_LEDGER_TOKENS has no token")


@pytest.mark.parametrize("insecure", ["", "0"])
def test_an_upstream_is_refused_while_callers_are_not_identified(insecure: str) -> None:
    """It takes `GATEWAY_INSECURE=1`, so that nobody serves every ledger by accident."""
    text = refusal({**CONNECTED, "GATEWAY_INSECURE": insecure})

    assert "callers are not identified" in text
    assert "Set GATEWAY_INSECURE=1" in text


def test_no_secret_shows_in_the_representation_of_the_settings() -> None:
    settings = load_settings({**CONNECTED, "GATEWAY_UPSTREAM_HEADERS": f'{{"X-Key": "{SECRET}"}}'})

    assert SECRET not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    "wrong",
    [
        {"GATEWAY_LEDGER_TOKENS": SECRET},
        {"GATEWAY_LEDGER_TOKENS": f'{{"{SECRET[:15]}": ""}}'},
        {"GATEWAY_LEDGER_TOKENS": f'{{"{SECRET}": "{SECRET}"}}'},
        {"GATEWAY_LEDGER_TOKENS": f'{{"1234": ["{SECRET}"]}}'},
        {"GATEWAY_UPSTREAM_HEADERS": f'{{"X-Key": "{SECRET}é"}}'},
        {"GATEWAY_PORT": SECRET},
        {"GATEWAY_INSECURE": SECRET},
    ],
)
def test_no_secret_shows_where_settings_are_refused(
    wrong: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in the sentence, nor in what the exception was raised from, nor in the log."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SettingsError) as caught:
        load_settings({**CONNECTED, **wrong})

    assert SECRET[:15] not in str(caught.value)
    assert caught.value.__suppress_context__
    assert SECRET[:15] not in caplog.text


def test_every_setting_has_a_description_that_is_a_sentence() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
