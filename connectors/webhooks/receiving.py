"""One delivery after the other: identified, limited, and written in groups by one writer."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connectors.payloads import parse, text_of, value_at
from connectors.webhooks.journal import Journal
from connectors.webhooks.segments import Delivery
from connectors.webhooks.signatures import HABITS
from programme.webhooks import WebhookSystem

_GROUP = 256
_GROUP_BYTES = 16 << 20
_Waiting = tuple[Delivery, "asyncio.Future[bool]"]


def identified(
    system: WebhookSystem, headers: Mapping[str, str], body: bytes, now: datetime
) -> Delivery:
    """The delivery with its id and event.

    A body that is no JSON, or lacks the id, is known by its sha256: it is kept all the same.
    """
    habits = HABITS[system.signature.scheme]
    rule = system.delivery_id or habits.delivery_id
    try:
        content = parse(body.decode("utf-8"))
    except ValueError:
        content = None
    found = None
    if rule is not None and rule.header is not None:
        found = headers.get(rule.header.lower())
    elif rule is not None and rule.path is not None:
        found = text_of(value_at(content, rule.path))
    path = system.event_path or habits.event_path
    event = text_of(value_at(content, path)) if path else None
    return Delivery(
        delivery_id=found or f"sha256:{hashlib.sha256(body).hexdigest()}",
        received_at=now,
        event=event,
        body=body,
    )


@dataclass
class RateLimit:
    """A bucket that fills with ``per_minute`` deliveries a minute and holds one minute's."""

    per_minute: int
    _held: float = field(init=False)
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._held = float(self.per_minute)
        self._since = time.monotonic()

    def wait_seconds(self) -> int:
        """0 when the delivery may pass; else after how many whole seconds the next one may."""
        now = time.monotonic()
        per_second = self.per_minute / 60
        self._held = min(self.per_minute, self._held + (now - self._since) * per_second)
        self._since = now
        if self._held < 1:
            return max(1, math.ceil((1 - self._held) / per_second))
        self._held -= 1
        return 0


class Writer:
    """Gathers what arrives at the same time, so that one wait for the disk serves all of it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.is_failing = False

    async def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop writing; what was not written was not acknowledged."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def keep(self, delivery: Delivery) -> bool:
        """Whether it is new; when this returns, it is durable.

        Raises:
            OSError: when the disk does not take it.
        """
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((delivery, done))
        return await done

    async def _run(self) -> None:
        while True:
            group = [await self._queue.get()]
            size = len(group[0][0].body)
            while len(group) < _GROUP and size < _GROUP_BYTES and not self._queue.empty():
                group.append(self._queue.get_nowait())
                size += len(group[-1][0].body)
            await self._write(group)

    async def _write(self, group: list[_Waiting]) -> None:
        deliveries = [delivery for delivery, _ in group]
        try:
            is_new = await asyncio.to_thread(self._journal.append, deliveries)
        except OSError as error:
            self.is_failing = True
            for _, done in group:
                if not done.done():
                    done.set_exception(error)
            return
        self.is_failing = False
        for (_, done), new in zip(group, is_new, strict=True):
            if not done.done():
                done.set_result(new)
