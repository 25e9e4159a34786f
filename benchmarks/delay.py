"""A proxy that hands on what clients send after a while, and answers at once: a round trip."""

import asyncio
import sys


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait: float) -> None:
    """Hand on what comes from one side, each piece a while after it came, until the end."""
    loop = asyncio.get_running_loop()
    while data := await reader.read(65536):
        loop.call_later(wait, writer.write, data) if wait else writer.write(data)
    loop.call_later(wait, writer.close)


async def serve(port: int, target: int, milliseconds: int) -> None:
    """Proxy connections of one port of this machine to another one, until it is ended."""

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(
            relay(reader, far_writer, milliseconds / 1000), relay(far_reader, writer, 0)
        )

    server = await asyncio.start_server(proxy, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(*(int(argument) for argument in sys.argv[1:4])))
