"""What the files of deploy/ say, as data."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from tests.gateway.service import ROOT

DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
# What is made on the operator's machine.
MADE = {"secrets", "supergraph.graphql"}


def text_of(name: str) -> str:
    """Return the text of a file of deploy/."""
    return (DEPLOY / name).read_text("utf-8")


def document_of(name: str) -> Any:
    """Return what a YAML file of deploy/ holds."""
    return yaml.safe_load(text_of(name))


def variables_of(name: str) -> dict[str, str]:
    """Return the variables of an env file of deploy/."""
    return dict(re.findall(r"^(\w+)=(.*)$", text_of(name), re.MULTILINE))


def image_variables() -> dict[str, str]:
    """Return what the image sets for the gateway."""
    return dict(re.findall(r"\b(GATEWAY_\w+)=(\S+)", text_of("Containerfile")))


def compose() -> dict[str, Any]:
    """Return the compose file."""
    document: dict[str, Any] = document_of("compose.yaml")
    return document


def compose_gateway() -> dict[str, Any]:
    """Return the service of one gateway of the compose file."""
    service: dict[str, Any] = compose()["services"]["gateway-1"]
    return service


def kubernetes(name: str) -> dict[str, Any]:
    """Return a Kubernetes resource by its file's name."""
    document: dict[str, Any] = document_of(f"kubernetes/{name}.yaml")
    return document


def pod() -> dict[str, Any]:
    """Return the specification of the pods."""
    specification: dict[str, Any] = kubernetes("deployment")["spec"]["template"]["spec"]
    return specification


def pod_settings() -> dict[str, Any]:
    """Return the TOML file that the pods read."""
    return tomllib.loads((KUBERNETES / "gateway.toml").read_text("utf-8"))


def nginx(directive: str) -> list[str]:
    """Return the values of a directive of nginx, in the order of the file."""
    return re.findall(rf"^\s*{directive} ([^;{{]+);", text_of("nginx.conf"), re.MULTILINE)


def copied() -> list[Path]:
    """Return what the image is made from."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", text_of("Containerfile"), re.MULTILINE)
    return [ROOT / path for line in lines for path in line.split()]


def health_check() -> str:
    """Return the code of the image's health check."""
    (check,) = re.findall(
        r"^HEALTHCHECK .*?CMD (\[.*?\])$", text_of("Containerfile"), re.MULTILINE | re.DOTALL
    )
    *_, code = json.loads(check.replace("\\\n", ""))
    return str(code)
