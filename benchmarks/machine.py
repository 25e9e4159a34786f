"""What the figures were measured on."""

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.process import CORES
from benchmarks.servers import Server, node


def described(servers: Sequence[Server]) -> str:
    """Return a list in Markdown: the machine, the date, and the versions of what runs."""
    system = f"{platform.system()} {platform.release()}"
    runtimes = f"CPython {platform.python_version()}, Node {_version(node() or 'node')}"
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load before the start {os.getloadavg()[0]:.1f}",
        f"{_processor()}, {len(CORES)} cores, {system}",
        f"{runtimes}, nginx {_version('nginx', '-v')}, wrk {_version('wrk', '-v')}",
        *(f"{server.title}: {server.versions()}" for server in servers),
    ]
    return "\n".join(f"- {line}" for line in lines)


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _version(program: str, option: str = "--version") -> str:
    """Return the version that a program tells, wherever it tells it."""
    try:
        done = subprocess.run([program, option], capture_output=True, check=False, text=True)
    except FileNotFoundError:
        return "missing"
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found[0] if found else "unknown"
