"""The rendered boards that this process holds, so that a thousand pages cost one rendering."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from checkin.live.board import RenderedBoard

# "2 min ago" in held bytes is at most this much too young; the page corrects it as soon as it runs.
WORDS_SECONDS: Final = 30.0
EVERY_EVENT: Final = 0


@dataclass
class _Held:
    """One event's board; `marks` tell up to which change it is true."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    rendered: RenderedBoard | None = None
    marks: tuple[int, int] = (-1, -1)
    made_at: float = 0.0


class HeldBoards:
    """Renders each board once per change, whoever asks.

    `render` reads and renders; `is_trusted` tells whether every change is heard of (else nothing held is used);
    `when_new` is called with each board that differs from the one before.
    """

    def __init__(
        self, *, render: Callable[[int], RenderedBoard | None], is_trusted: Callable[[], bool],
        when_new: Callable[[RenderedBoard], None],
    ) -> None:  # fmt: skip
        self._render = render
        self._is_trusted = is_trusted
        self._when_new = when_new
        self._lock = threading.Lock()
        self._marks: Counter[int] = Counter()
        self._held: dict[int, _Held] = {}
        self._slugs: dict[str, int] = {}
        self.renderings = 0

    def mark(self, event_id: int) -> None:
        """Note that the event's board may look different now; EVERY_EVENT: that any may."""
        with self._lock:
            self._marks[event_id] += 1

    def held(self, slug: str) -> RenderedBoard | None:
        """Return the board at this address if it is held and still true; asks nothing of the database."""
        event_id = self._slugs.get(slug)
        one = self._held.get(event_id) if event_id is not None else None
        return self._if_true(one, event_id) if one is not None and event_id is not None else None

    def board(self, event_id: int) -> RenderedBoard | None:
        """Return the board, rendered now if what is held is not true any more; None when there is no such event."""
        with self._lock:
            one = self._held.setdefault(event_id, _Held())
        with one.lock:
            return self._if_true(one, event_id) or self._render_again(one, event_id)

    def _if_true(self, one: _Held, event_id: int) -> RenderedBoard | None:
        is_true = (
            self._is_trusted()
            and one.marks == self._marks_of(event_id)
            and time.monotonic() - one.made_at < WORDS_SECONDS
        )
        return one.rendered if is_true else None

    def _render_again(self, one: _Held, event_id: int) -> RenderedBoard | None:
        # Read before the database is: what changes meanwhile makes another rendering.
        marks = self._marks_of(event_id)
        self.renderings += 1
        rendered = self._render(event_id)
        is_new = rendered is not None and (one.rendered is None or rendered.version != one.rendered.version)
        one.rendered, one.marks, one.made_at = rendered, marks, time.monotonic()
        if rendered is None:
            with self._lock:
                del self._held[event_id]
        else:
            self._slugs[rendered.board.slug] = event_id
        if rendered is not None and is_new:
            self._when_new(rendered)
        return rendered

    def _marks_of(self, event_id: int) -> tuple[int, int]:
        with self._lock:
            return self._marks[event_id], self._marks[EVERY_EVENT]
