"""Nothing of anybody's is in what a gateway prints that runs as in production."""

import json
import socket
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from tests.gateway.service import running
from tests.redaction.known import KNOWN, NUMBERS, WORDS, leaks
from tests.redaction.talkative_payex import QUERY, VARIABLES

NUMBER = NUMBERS["subscription number"]
WORD = WORDS["word in a document"]
ADDRESS = f"/graphql?query={quote(QUERY)}&variables={quote(str(VARIABLES))}&name={WORD}"
UPGRADE = (
    f"GET {ADDRESS} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n"
    "Connection: close\r\n\r\n"
)
SENT = {
    "an upgrade to a WebSocket": UPGRADE,
    "no HTTP": f"{WORD} {NUMBER}\r\n\r\n",
    "a header that is none": f"GET /{NUMBER} HTTP/1.1\r\n{WORD}\r\n\r\n",
    "a version that is none": f"GET /{NUMBER} HTTP/{WORD}\r\n\r\n",
    "a length that is none": f"POST {ADDRESS} HTTP/1.1\r\nContent-Length: {NUMBER}x\r\n\r\n",
    "a body that ends early": (
        f"POST {ADDRESS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: 1000\r\nConnection: close\r\n\r\n{NUMBER}"
    ),
}


@pytest.mark.parametrize(
    ("fault", "style"),
    [("*=drop", "text"), ("*=drop", "json"), ("*=500", "json"), ("*=truncated", "text")],
)
def test_what_a_process_prints(fault: str, style: str, tmp_path: Path) -> None:
    """From its start to its end, whatever it is sent."""
    options = ("serve", "--port", "0", "--fault", fault)
    variables = {"GATEWAY_BODY_TIMEOUT": "0.2", "GATEWAY_LOG_FORMAT": style}
    with running(tmp_path / "log", *options, **variables) as service:
        address = urlsplit(service.origin)
        for sent in SENT.values():
            with socket.create_connection((address.hostname, address.port), 30) as connection:
                connection.sendall(sent.encode())
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
        for query in (QUERY, f"{{ {WORD} }} {NUMBER}"):
            service.request("POST", "/graphql", json={"query": query, "variables": VARIABLES})
        preflight = {"graphql-require-preflight": "1", "baggage": f"customer={NUMBER}"}
        service.request("GET", ADDRESS, headers=preflight)
        service.stop()
        printed = service.printed

    assert "Application shutdown complete" in printed
    assert "gateway.operation_log" in printed
    assert "resolvers.operation" in printed
    assert leaks(printed, KNOWN) == []
    if style == "json":
        assert all(json.loads(line)["time"] for line in printed.splitlines())
