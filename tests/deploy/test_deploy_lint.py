"""The files of deploy/ pass the validators of their field."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from tests.deploy.rollout import program
from tests.deploy.shipped import DEPLOY, KUBERNETES
from tests.gateway.service import ROOT, SECONDS

BIN = Path(sys.executable).parent
RULES = "{extends: default, rules: {line-length: {max: 110}, document-start: disable}}"
# Neither is a resource of Kubernetes.
NO_RESOURCES = {"kustomization.yaml", "prometheus-adapter.yaml"}


def passes(*command: str | Path) -> str:
    """Run a validator, and return what it prints."""
    ran = subprocess.run(  # noqa: S603 - our own commands
        [str(part) for part in command],
        cwd=ROOT,
        capture_output=True,
        timeout=SECONDS,
        check=False,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_hadolint_finds_nothing_in_the_containerfile() -> None:
    passes(BIN / "hadolint", "--failure-threshold", "style", DEPLOY / "Containerfile")


def test_yamllint_finds_nothing() -> None:
    passes(BIN / "yamllint", "--strict", "--config-data", RULES, DEPLOY)


def test_the_compose_file_fits_the_schema_of_the_specification() -> None:
    passes(
        BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"
    )


@pytest.mark.parametrize("version", ["1.29", "1.37"])
def test_the_manifests_fit_the_schemas_of_kubernetes(version: str) -> None:
    """The strict ones, which know every field."""
    resources = [
        path for path in sorted(KUBERNETES.glob("*.yaml")) if path.name not in NO_RESOURCES
    ]
    passes(BIN / "kubernetes-validate", "--strict", "--kubernetes-version", version, *resources)


@pytest.mark.deploy
def test_what_kustomize_makes_of_them_fits_as_well(tmp_path: Path) -> None:
    rendered = tmp_path / "rendered.yaml"
    rendered.write_text(passes(program("kubectl"), "kustomize", KUBERNETES))

    assert passes(BIN / "kubernetes-validate", "--strict", rendered).count("passed") == 7


def test_secrets_are_made_once_and_for_nobody_else(tmp_path: Path) -> None:
    script = tmp_path / "make-secrets.sh"
    script.write_bytes((DEPLOY / "make-secrets.sh").read_bytes())
    passes("/bin/sh", script)
    folder = tmp_path / "secrets"

    def found() -> dict[str, str]:
        files = (path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_text("utf-8") for path in files}

    made = found()
    passes("/bin/sh", script)

    assert set(made) == {
        "gateway/router.secret",
        "gateway/pseudonym.key",
        "redis/redis.acl",
        "router.env",
        "gateway/redis.password",
    }
    assert found() == made
    assert {(folder / name).stat().st_mode & 0o777 for name in made} == {0o600}
    secret = made["gateway/router.secret"]
    assert made["router.env"] == f"PAYEX_USAGE_ROUTER_SECRET={secret}\n"
    password = made["gateway/redis.password"]
    assert len(password) == len(secret) == len(made["gateway/pseudonym.key"]) == 64
    assert len({password, secret, made["gateway/pseudonym.key"]}) == 3
    assert f"#{sha256(password.encode()).hexdigest()} " in made["redis/redis.acl"]
    assert password not in made["redis/redis.acl"]
