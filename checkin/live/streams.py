"""Streams of server-sent events: where they wait, what they say, how many there may be.

A stream holds no session of the database and asks nothing of it; all that wait for the same page get the same bytes.
Nothing here knows gevent: the same code runs under threads and, patched by the server, under greenlets.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from checkin import clock

TOKEN_STREAMS_AT_MOST: Final = 5
_RETRY_MILLISECONDS: Final = (1000, 4000)


class Page(StrEnum):
    """What is watched."""

    BOARD = "board"
    DESK = "desk"
    TICKET = "ticket"


@dataclass(frozen=True)
class Topic:
    """What one kind of page of one event waits for; `ticket_id` only for a customer's own page."""

    page: Page
    event_id: int
    ticket_id: int = 0


class Channel:
    """Where the streams of one topic wait; keeps only the newest message, as each one replaces the one before."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._number = 0
        self._message = b""
        self._version = ""
        self._closed = False
        self.watchers = 0

    @property
    def number(self) -> int:
        """Return the number of the newest message."""
        return self._number

    def begin_at(self, version: str, *, since: int) -> int:
        """Return the number from which a watcher waits who is about to see `version`, read after number `since`.

        What the channel has pushed meanwhile is not pushed again to somebody who sees it already.
        """
        with self._condition:
            self._version = self._version or version
            return self._number if version == self._version else since

    def put(self, message: bytes, *, version: str = "") -> None:
        """Hand `message` to everyone who waits, unless they have this version already."""
        with self._condition:
            if version and version == self._version:
                return
            self._version = version
            self._message = message
            self._number += 1
            self._condition.notify_all()

    def close(self) -> None:
        """Tell everyone who waits that the server goes away."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def wait(self, after: int, *, seconds: float) -> tuple[int, bytes]:
        """Wait for a message newer than number `after`; return its number and itself, or `after` again."""
        with self._condition:
            self._condition.wait_for(lambda: self._closed or self._number != after, seconds)
            return self._number, self._message


class Channels:
    """The channels that somebody watches, by event."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_event: dict[int, dict[Topic, Channel]] = {}

    def join(self, topic: Topic) -> Channel:
        """Return the topic's channel with one watcher more."""
        with self._lock:
            channel = self._by_event.setdefault(topic.event_id, {}).setdefault(topic, Channel())
            channel.watchers += 1
            return channel

    def leave(self, topic: Topic) -> None:
        """Count one watcher less; the last one takes the channel away."""
        with self._lock:
            channels = self._by_event[topic.event_id]
            channels[topic].watchers -= 1
            if channels[topic].watchers == 0:
                del channels[topic]
            if not channels:
                del self._by_event[topic.event_id]

    def of(self, event_id: int) -> dict[Topic, Channel]:
        """Return the channels of an event."""
        with self._lock:
            return dict(self._by_event.get(event_id, {}))

    def events(self) -> list[int]:
        """Return the events that somebody watches."""
        with self._lock:
            return list(self._by_event)

    def close(self) -> None:
        """Close all of them."""
        for event_id in self.events():
            for channel in self.of(event_id).values():
                channel.close()


class Seats:
    """How many streams this process may hold, and how many of them one customer's token."""

    def __init__(self, limit: int) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._by_token: Counter[str] = Counter()
        self.taken = 0

    def take(self, token: str) -> bool:
        """Take a seat, for the holder of `token` ("" for pages without one); return whether there was one."""
        with self._lock:
            if self.taken >= self._limit or (token and self._by_token[token] >= TOKEN_STREAMS_AT_MOST):
                return False
            self.taken += 1
            self._by_token[token] += 1
            return True

    def give_back(self, token: str) -> None:
        """Free a seat."""
        with self._lock:
            self.taken -= 1
            self._by_token[token] -= 1
            if self._by_token[token] <= 0:
                del self._by_token[token]


class Stream:
    """One open page: its first message at once, then each new one, and a heartbeat between them.

    A class and not a generator: `close()` must give the seat back also when the first message was never asked for.
    """

    def __init__(
        self, channel: Channel, *, first: bytes, after: int, heartbeat_seconds: float,
        is_closing: Callable[[], bool], is_current: Callable[[], bool], when_closed: Callable[[], None],
    ) -> None:  # fmt: skip
        self._channel = channel
        # Apart, so that a thousand streams share the bytes of the message instead of a copy each.
        self._first = [first, _retry() + beat()]
        self._seen = after
        self._heartbeat_seconds = heartbeat_seconds
        self._next_beat = time.monotonic() + self._pause()
        self._is_closing = is_closing
        self._is_current = is_current
        self._when_closed = when_closed
        self._lock = threading.Lock()
        self._is_open = True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._first:
            return self._first.pop()
        if not self._is_open:
            raise StopIteration
        number, message = self._channel.wait(self._seen, seconds=max(self._next_beat - time.monotonic(), 0.0))
        if self._is_closing():
            self.close()
            return named("bye")
        if number != self._seen:
            self._seen = number
            return message
        self._next_beat = time.monotonic() + self._pause()
        # Without news from the database nobody can say that the page is up to date: no beat, and the page will say so.
        return beat() if self._is_current() else b":\n\n"

    def close(self) -> None:
        """Give the seat back, once."""
        with self._lock:
            was_open, self._is_open = self._is_open, False
        if was_open:
            self._when_closed()

    def __del__(self) -> None:
        self.close()

    def _pause(self) -> float:
        return self._heartbeat_seconds * random.uniform(0.8, 1.0)  # noqa: S311 - spreads the beats


def unnamed(html: bytes) -> bytes:
    """Return the message that carries a fragment: the page swaps it in."""
    return b"".join(b"data: " + line + b"\n" for line in html.splitlines() if line.strip()) + b"\n"


def named(name: str, data: str = "") -> bytes:
    """Return the message that the page hears as an event of that name."""
    return f"event: {name}\ndata: {data}\n\n".encode()


def beat() -> bytes:
    """Return the heartbeat: the server is there, and this is its time."""
    return named("beat", clock.now().isoformat(timespec="milliseconds"))


def _retry() -> bytes:
    """Return how long the page shall wait before it comes back, a different time for each."""
    return f"retry: {random.randint(*_RETRY_MILLISECONDS)}\n\n".encode()  # noqa: S311 - spreads the reconnects
