"""A server that closes idle connections at once. It answers `/later` after a hundred times that time."""

import asyncio
import os

from hypercorn.asyncio import serve
from hypercorn.config import Config

IDLE = 0.01


async def answer(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/later":
        await asyncio.sleep(100 * IDLE)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


config = Config()
config.bind = ["127.0.0.1:" + os.environ["PORT"]]
config.keep_alive_timeout = IDLE
asyncio.run(serve(answer, config))
