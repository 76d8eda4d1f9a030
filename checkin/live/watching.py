"""Who watches what in this process, and what they are told."""

import threading
from collections.abc import Callable

from flask import Flask, has_app_context
from sqlalchemy import Engine

from checkin import clock
from checkin.config import Settings
from checkin.db import OUTBOX, Announcement, db
from checkin.live.board import RenderedBoard, render_board
from checkin.live.feed import ANYTHING, Feed
from checkin.live.held import EVERY_EVENT, HeldBoards
from checkin.live.pump import CHANGED, Pump
from checkin.live.quoting import QuoteKeeper
from checkin.live.streams import Channels, Page, Seats, Stream, Topic
from checkin.live.tickets import visible_states


class NoSeat(Exception):
    """No stream here: the process holds as many as it may, or is going away. The page polls instead."""


class Live:
    """The live part of one app: the feed, the pump, the boards it holds, the streams that wait.

    Nothing runs before the first board is asked for or the first page watches.
    """

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._lock = threading.Lock()
        self._is_started = False
        self._is_closing = False
        self._channels = Channels()
        # What each board asked for when it was rendered last; see checkin/routes/board.py.
        self._links: dict[int, str] = {}
        self.seats = Seats(settings.stream_limit)
        self.feed = Feed(_reader(app))
        self.boards = HeldBoards(render=self._render, is_trusted=self._hears, when_new=self._push_board)
        self.quotes = QuoteKeeper(app)
        self._pump = Pump(app, boards=self.boards, channels=self._channels)

    def board(self, event_id: int) -> RenderedBoard | None:
        """Return the event's board, held or rendered now; None when there is no such event."""
        self._start()
        if has_app_context():
            # Whoever waits for a rendering must not keep from the one who renders a connection of the pool.
            db.session.remove()
        return self.boards.board(event_id)

    def held_board(self, slug: str) -> RenderedBoard | None:
        """Return the board at this address if it is held and true, without a query."""
        return self.boards.held(slug)

    def watch_board(self, event_id: int, *, link: str) -> Stream:
        """Return a stream of the board's fragments, beginning with the present one. Raises NoSeat.

        It ends when the board asks for another link than `link`: whoever comes back is asked for that one.
        """
        return self._watch(
            Topic(Page.BOARD, event_id), token="", first=lambda: self._first_board(event_id),
            is_over=lambda: self._links.get(event_id, link) != link,
        )  # fmt: skip

    def watch_desk(self, event_id: int) -> Stream:
        """Return a stream that says `changed`, at once and after each change of the event. Raises NoSeat."""
        return self._watch(Topic(Page.DESK, event_id), token="", first=lambda: (CHANGED, ""))

    def watch_ticket(self, event_id: int, ticket_id: int, *, token: str) -> Stream:
        """Return a stream that says `changed`, at once and when the customer would see a difference. Raises NoSeat."""
        topic = Topic(Page.TICKET, event_id, ticket_id)
        return self._watch(topic, token=token, first=lambda: self._first_state(event_id, ticket_id))

    def close(self) -> None:
        """End all streams at once: they say so to their pages, which come back a little later, each at its own time."""
        self._is_closing = True
        self._channels.close()

    def stop(self) -> None:
        """End streams, threads and connections."""
        self.close()
        self._is_started = False
        self.feed.stop()
        self._pump.stop()
        self.quotes.stop()

    def _watch(
        self, topic: Topic, *, token: str, first: Callable[[], tuple[bytes, str]],
        is_over: Callable[[], bool] = lambda: False,
    ) -> Stream:  # fmt: skip
        if self._is_closing or not self.seats.take(token):
            raise NoSeat
        channel = self._channels.join(topic)

        def leave() -> None:
            self._channels.leave(topic)
            self.seats.give_back(token)

        try:
            self._start()
            seen = channel.number
            message, version = first()
            after = channel.begin_at(version, since=seen)
            return Stream(
                channel, first=message, after=after, heartbeat_seconds=self._settings.heartbeat_seconds,
                is_closing=lambda: self._is_closing or is_over(), is_current=self._is_current, when_closed=leave,
            )  # fmt: skip
        except BaseException:
            leave()
            raise

    def _first_board(self, event_id: int) -> tuple[bytes, str]:
        rendered = self.board(event_id)
        return (rendered.message, rendered.version) if rendered else (b"", "")

    def _first_state(self, event_id: int, ticket_id: int) -> tuple[bytes, str]:
        states = visible_states(db.session(), [ticket_id], event_id=event_id, moment=clock.now())
        return CHANGED, states.get(ticket_id, "gone")

    def _start(self) -> None:
        with self._lock:
            if self._is_started:
                return
            self._is_started = True
            self.feed.subscribe(self._hear)
            self._pump.start()
        # The first page of a process is held too, if the database answers soon.
        self.feed.wait_until_hearing(1.0)

    def _hear(self, announcement: Announcement) -> None:
        if announcement.topic == OUTBOX:
            return
        event_id = EVERY_EVENT if announcement == ANYTHING else announcement.event_id
        self.boards.mark(event_id)
        self._pump.note(event_id)

    def _render(self, event_id: int) -> RenderedBoard | None:
        with self._app.test_request_context(base_url=self._settings.effective_public_url):
            rendered = render_board(db.session(), event_id)
        if rendered is not None:
            self._links[event_id] = rendered.board.link
        return rendered

    def _push_board(self, rendered: RenderedBoard) -> None:
        channel = self._channels.of(rendered.board.event_id).get(Topic(Page.BOARD, rendered.board.event_id))
        if channel is not None:
            channel.put(rendered.message, version=rendered.version)

    def _hears(self) -> bool:
        return self._is_started and self.feed.is_hearing

    def _is_current(self) -> bool:
        return self.feed.is_hearing and self._pump.is_serving


def _reader(app: Flask) -> Engine:
    with app.app_context():
        return db.engines["read"]
