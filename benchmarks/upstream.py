"""PayEx for the benchmarks: nginx over files, which counts its calls, and a slow way to it."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks import invoices
from benchmarks.process import OTHER_CORES, free_port, running

_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type application/json;
    sendfile on;
    client_max_body_size 0;
    tcp_nopush on;
    keepalive_requests 1000000000;
    open_file_cache max=4096 inactive=1h;
    open_file_cache_valid 1h;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {folder};
        location /billing/ {{
            # No client keeps what it has read.
            add_header Cache-Control no-store always;
            try_files $uri.json @missing;
        }}
        location @missing {{
            default_type application/problem+json;
            error_page 404 /not-found.json;
            return 404;
        }}
        location = /not-found.json {{
            internal;
            types {{ }}
            default_type application/problem+json;
        }}
        location = /calls {{ stub_status; }}
        # A collector of traces that forgets them.
        location = /v1/traces {{ return 200; }}
    }}
}}
"""


class Upstream:
    """A running upstream.

    Attributes:
        origin: scheme, host and port.
        folder: where its bodies are.
    """

    def __init__(self, origin: str, folder: Path) -> None:
        self.origin = origin
        self.folder = folder
        self._own_requests = 0

    def calls(self) -> int:
        """Return how many requests it was sent so far, those for this number left out."""
        self._own_requests += 1
        text = httpx.get(f"{self.origin}/calls", trust_env=False).text
        # The third line holds the numbers of connections taken and served, and of requests.
        return int(text.splitlines()[2].split()[2]) - self._own_requests


@contextmanager
def serving() -> Iterator[Upstream]:
    """Serve the bodies by nginx for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="payex-") as name:
        folder, port = Path(name), free_port()
        invoices.write(folder)
        configuration = folder / "nginx.conf"
        configuration.write_text(_CONFIGURATION.format(folder=folder, port=port))
        nginx = ["nginx", "-e", "stderr", "-p", name, "-c", str(configuration)]
        with running(nginx, port, cores=OTHER_CORES) as process:
            yield Upstream(process.origin, folder)


@contextmanager
def delayed(upstream: Upstream, milliseconds: int) -> Iterator[str]:
    """Put a round trip before an upstream, and yield the origin of both."""
    port = free_port()
    target = upstream.origin.rpartition(":")[2]
    command = [sys.executable, "-m", "benchmarks.delay", str(port), target, str(milliseconds)]
    with running(command, port, cores=OTHER_CORES) as process:
        yield process.origin
