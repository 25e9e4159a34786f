"""A small app served by the gateway's server. It imports little, for each process imports it."""

import asyncio
import math
import os
import random
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from gateway.identity.configuration import identity_of
from gateway.observability.logs import log_config
from gateway.server.admission import Admission
from gateway.server.intake import Intake
from gateway.server.serving import serve
from gateway.server.visits import Shed, Visits
from gateway.server.workload import MEMBER
from gateway.settings.settings import Settings

LONGEST: Final = 0.03
NEVER: Final = 60
LIMIT: Final = 8


class Limited:
    """Answers within a bound on operations, for which processes share their room."""

    def __init__(self) -> None:
        anyone = identity_of(Settings())
        self._admission = Admission(LIMIT)
        self._visits = Visits(anyone, self._admission, Intake(pending=1000, size=1))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop."""
        if scope["type"] == "http" and scope["path"] == "/measured":
            await PlainTextResponse(self._admission.measured())(scope, receive, send)
            return
        if scope["type"] == "http":
            visit = self._visits.begin(scope)
            try:
                await visit.come_in(Request(scope))
                await visit.take_place("anyone", math.inf, receive)
                reply = await answer(scope)
            except Shed as error:
                reply = error.response()
            finally:
                visit.end()
            await reply(scope, receive, send)
            return
        self._admission.member = scope["state"][MEMBER]
        while (message := await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": f"{message['type']}.complete"})


async def answer(scope: Scope) -> Response:
    """Return, after a while, the number of the process, or never."""
    await asyncio.sleep(NEVER if scope["path"] == "/never" else LONGEST * random.random())  # noqa: S311
    return PlainTextResponse(str(os.getpid()))


def main(options: dict[str, Any], times: int) -> None:
    """Serve, in the process of its own."""
    for _ in range(times):
        serve(
            "tests.server.crowded:Limited",
            factory=True,
            log_config=log_config("text", "INFO"),
            access_log=False,
            **options,
        )
