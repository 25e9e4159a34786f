"""Apps that start and apps that do not. It imports little, for each server process imports it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from gateway.settings.load import SettingsError


def broken() -> None:
    """Be a factory of apps whose files were in order when the command looked."""
    raise SettingsError("GATEWAY_JWT_KEYS: is gone.")


@asynccontextmanager
async def missing(_: Starlette) -> AsyncIterator[None]:
    """Be the start of an app that finds out late what keeps it from starting."""
    raise SettingsError("GATEWAY_JWT_KEYS: is gone.")
    yield


def late() -> Starlette:
    """Be the factory of such an app."""
    return Starlette(lifespan=missing)


async def whoever_answers(scope: Scope, receive: Receive, send: Send) -> None:
    """Be an app that tells the number of its process."""
    if scope["type"] == "http":
        await PlainTextResponse(str(os.getpid()))(scope, receive, send)
