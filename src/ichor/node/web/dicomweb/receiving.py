"""Receives one STOW-RS request: its body is written to disk as it arrives."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from ichor.node.network.guard import Pace
from ichor.node.services import Services
from ichor.node.web.dicomweb.multipart import BadMultipart, Splitter
from ichor.node.web.dicomweb.storing import Storing

MOST_REQUEST_BYTES = 64 * 2**30
PIECE_BYTES = 2**19  # handed to a thread at once


class Busy(Exception):
    """As many requests as the node takes at once are under way, or it is stopping."""


class TooSlow(Exception):
    """Nothing of the body arrived for too long."""


class Receiving:
    """Takes in requests, each in `receive`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        limits = services.config.listener.limits
        self._places = threading.BoundedSemaphore(limits.associations)
        self._pace, self._idle_s = Pace(limits.images_per_minute), limits.idle_s

    async def receive(self, body: AsyncIterator[bytes], boundary: bytes, sender: str, study: str | None) -> Storing:
        """Take in the parts of a body, of one study if it is named.

        Raises BadMultipart if the body is malformed or ends too early, Busy and TooSlow. What was stored before that is
        kept, but the sender has not been told so.
        """
        services = self._services
        storing = Storing(services.store, services.intake, self._pace, sender, study)
        with self._place():
            try:
                splitter = Splitter(boundary, storing)
                async for piece in _gathered(_in_time(body, self._idle_s)):
                    if services.stopping.is_set():
                        raise Busy
                    await run_in_threadpool(splitter.write, piece)
                splitter.close()
            except ClientDisconnect:
                raise BadMultipart("expected a complete body, found that the connection was closed") from None
            finally:
                await run_in_threadpool(storing.close)
                storing.log()
        return storing

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._services.stopping.is_set() or not self._places.acquire(blocking=False):
            raise Busy
        try:
            yield
        finally:
            self._places.release()


async def _in_time(body: AsyncIterator[bytes], idle_s: float) -> AsyncIterator[bytes]:
    pieces = aiter(body)
    while True:
        try:
            async with asyncio.timeout(idle_s):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise TooSlow from None
        yield piece


async def _gathered(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Larger pieces, since each goes to a thread."""
    kept = bytearray()
    async for piece in body:
        kept += piece
        if len(kept) >= PIECE_BYTES:
            yield bytes(kept)
            kept.clear()
    if kept:
        yield bytes(kept)
