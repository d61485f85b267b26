"""Starts a module, MiniStack by default, with two changes to the servers below it."""

import asyncio
import runpy
import socketserver
import sys

from hypercorn.asyncio.tcp_server import TCPServer

# MiniStack writes the head and the body of an event of its Lambda Runtime API separately; on the connection that a
# Rust runtime keeps open, Nagle's algorithm and delayed acknowledgements would add 43 ms to every invocation. Real
# Lambda has no such delay, but every pause measured here would contain it.
socketserver.StreamRequestHandler.disable_nagle_algorithm = True


async def stay_open(connection):
    await connection.context.terminated.wait()
    await asyncio.shield(connection._initiate_server_close())


# MiniStack closes a connection that was idle for 75 s, and while its event loop is busy it also executes a request that
# has just arrived there, without an answer. AWS SDKs send such a request again: the second one finds that the role "already exists",
# and Terraform fails. Clients close their idle connections themselves; here the server waits for that.
TCPServer._idle_timeout = stay_open

module = sys.argv[1] if len(sys.argv) > 1 else "ministack"
sys.argv[1:] = sys.argv[2:]
runpy.run_module(module, run_name="__main__", alter_sys=True)
