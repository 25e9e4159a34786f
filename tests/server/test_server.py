"""The server binds before it starts, and tells in one sentence why it cannot."""

import logging
import os
import re
import signal
import socket
import threading
import time

import httpx
import pytest
from starlette.responses import PlainTextResponse

from gateway.server.serving import serve
from gateway.settings.load import SettingsError
from tests.gateway.service import PLAIN


async def nobody(*_: object) -> None:
    raise AssertionError


def test_a_port_that_is_taken_is_told_with_its_setting() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SettingsError) as told:
            serve(nobody, host="127.0.0.1", port=port, log_config=None)

    assert f"127.0.0.1:{port} cannot be listened on: Address already in use." in str(told.value)
    assert "GATEWAY_PORT" in str(told.value)


def test_it_serves_until_the_signal_and_gives_the_signal_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever handled the signal before handles it again."""
    caplog.set_level("INFO")
    before = signal.getsignal(signal.SIGTERM)
    replies: list[httpx.Response] = []

    def visit() -> None:
        until = time.monotonic() + 30
        while not replies and time.monotonic() < until:
            address = re.search(r"Serving on (http://\S+)", caplog.text)
            try:
                replies.append(
                    httpx.get(address[1] if address else "", trust_env=False, verify=PLAIN)
                )
            except (httpx.ConnectError, httpx.UnsupportedProtocol):
                time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    visitor = threading.Thread(target=visit)
    visitor.start()
    serve(PlainTextResponse("here"), host="::1", port=0, log_config=None, lifespan="off")
    visitor.join()

    assert [reply.text for reply in replies] == ["here"]
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_that_is_asked_for_while_it_starts_ends_it(
    caplog: pytest.LogCaptureFixture, workers: int
) -> None:
    """It listens by then, so that whoever waits for that may stop it at once."""

    class Stop(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            signal.raise_signal(signal.SIGTERM)

    caplog.set_level("INFO")
    logger = logging.getLogger("gateway.server.serving")
    logger.addHandler(stop := Stop())
    again: list[bool] = []

    def stop_again() -> None:
        again.append(True)
        os.kill(os.getpid(), signal.SIGTERM)

    patience = threading.Timer(20, stop_again)
    patience.start()
    try:
        app = "tests.server.starting:whoever_answers"
        serve(app, host="127.0.0.1", port=0, workers=workers, log_config=None, lifespan="off")
    finally:
        patience.cancel()
        logger.removeHandler(stop)
    assert not again


def test_an_address_of_another_machine_is_told_likewise() -> None:
    with pytest.raises(SettingsError, match="cannot be listened on: "):
        serve(nobody, host="192.0.2.1", port=0, log_config=None)


def test_a_host_without_an_address_is_told_likewise() -> None:
    with pytest.raises(SettingsError, match="cannot be listened on: "):
        serve(nobody, host="no-such-host.invalid", port=0, log_config=None)
