"""The same lists fetched in three ways: `transports.py httpx|client|direct POLICY`.

Judging, proofs and the store are left out: only the way to the bytes differs.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import httpx

from gesaudit.cloud.transport import open_transport
from gesaudit.cloud.wire import backup_page
from gesaudit.policy.bound import Target
from gesaudit.policy.load import load_policy

CONNECTIONS = 16
Fetch = Callable[[str], Awaitable[bytes]]


async def opened(way: str, target: Target, stack: AsyncExitStack) -> Fetch:
    """What fetches an address in this way."""
    if way == "direct":
        transport = await stack.enter_async_context(open_transport(target))

        async def directly(url: str) -> bytes:
            response = await transport.handle_async_request(httpx.Request("GET", url))
            return await response.aread()

        return directly
    limits = httpx.Limits(max_connections=CONNECTIONS)
    beneath = open_transport(target) if way == "client" else None
    client = await stack.enter_async_context(httpx.AsyncClient(limits=limits, transport=beneath))

    async def by_client(url: str) -> bytes:
        return (await client.get(url)).content

    return by_client


async def measure(way: str, target: Target) -> dict[str, float]:
    left = iter([graph.id for graph in target.graphs])
    backups = 0

    async def worker(fetch: Fetch) -> None:
        nonlocal backups
        for graph_id in left:
            url = f"{target.endpoint}/v2/{target.project_id}/graphs/{graph_id}/backups?offset=0&limit=100"
            page = backup_page(await fetch(url))
            backups += len(page.rows)

    async with AsyncExitStack() as stack:
        fetch = await opened(way, target, stack)
        begin = time.perf_counter()
        await asyncio.gather(*(worker(fetch) for _ in range(CONNECTIONS)))
        return {"backups": backups, "seconds": time.perf_counter() - begin}


def main() -> None:
    way, policy = sys.argv[1:]
    target = load_policy(policy, os.environ)[0].targets[0]
    print(json.dumps(asyncio.run(measure(way, target))))


if __name__ == "__main__":
    main()
