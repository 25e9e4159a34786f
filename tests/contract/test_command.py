"""`check` on the command line: its help, its output and its exit status."""

import json

import pytest

from gateway.cli import main
from gateway.contract.command import add_check

FAMILY = ["check", "--owner", "1234", "--invoice", "123456", "--customer", "9999"]
SECRET = "s3cret-reference-token"  # noqa: S105 - opens nothing


def test_without_an_upstream_the_sandbox_is_checked_and_all_is_as_expected(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(FAMILY, environment={}) == 0

    printed = capsys.readouterr()
    assert printed.out.startswith("Checked  the embedded sandbox")
    assert printed.out.endswith("Exit     0\n")
    assert printed.err == ""


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FAMILY, "--json"], environment={}) == 0

    assert json.loads(capsys.readouterr().out)["upstream"] == "sandbox"


@pytest.mark.parametrize(
    ("fault", "status"),
    [("usage-details=wrong-shape", 1), ("usage-details=503-empty", 3), ("*=401", 3)],
)
def test_the_exit_status_tells_what_came_of_it(
    fault: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(FAMILY, environment={"GATEWAY_SANDBOX_FAULTS": json.dumps([fault])}) == status

    assert capsys.readouterr().out.endswith(f"Exit     {status}\n")


def test_a_number_without_usage_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--owner", "1234", "--invoice", "404"], environment={}) == 2

    assert "Give --invoice a number that has usage" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "environment", "told"),
    [
        (["--owner", " "], {}, "ownerNo is empty."),
        (["--invoice", "1" * 16], {}, "invoiceNo has 16 characters; at most 15 are allowed."),
        (["--customer", "?"], {}, "customerNo holds a character that PayEx does not allow"),
        (["--subscription", ".."], {}, "subscriptionNo could be read as a path."),
        (["--owner", "77"], {}, "The embedded sandbox has no token for the ledger of --owner"),
        ([], {"GATEWAY_PRT": "1"}, "GATEWAY_PRT is no setting"),
        (
            ["--owner", "77"],
            {
                "GATEWAY_UPSTREAM_ORIGIN": "https://payex.example",
                "GATEWAY_LEDGER_TOKENS": f'{{"1234": "{SECRET}"}}',
            },
            "The settings have no token for the ledger of --owner.",
        ),
        (
            [],
            {
                "GATEWAY_UPSTREAM_ORIGIN": "https://payex.example",
                "GATEWAY_CREDENTIALS_FILE": "/nowhere/credentials.toml",
            },
            "/nowhere/credentials.toml",
        ),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_one_plain_line(
    options: list[str],
    environment: dict[str, str],
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*FAMILY, *options], environment=environment) == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("payex-usage-gateway: ")
    assert told in printed.err
    assert printed.err.count("\n") == 1
    assert SECRET not in printed.err


@pytest.mark.parametrize("arguments", [["check"], ["check", "--owner", "1"], [*FAMILY, "x"]])
def test_a_command_line_that_lacks_a_number_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments, environment={})

    assert ended.value.code == 2


def test_help_tells_the_exit_statuses_and_what_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "--help"])

    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert [n for n in range(4) if f"\n  {n}  " not in told] == []
    assert "at most 16 GET requests" in told
    assert add_check.__doc__
