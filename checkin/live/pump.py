"""The pump: one thread per process that turns changes into pushes, however many people watch."""

import random
import threading
import time
from typing import Final

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from checkin.db import DatabaseBusy, database_now, db
from checkin.live.held import EVERY_EVENT, HeldBoards
from checkin.live.streams import Channels, Page, Topic, named
from checkin.live.tickets import visible_states
from checkin.queueing.places import next_return

# After a change more of them often follow: one rendering for all that come within this time.
GATHER_SECONDS: Final = 0.1
# Without any news the watched pages are read again this often: places move by the clock too, and a word may be lost.
REFRESH_SECONDS: Final = 30.0
_RETRY_SECONDS: Final = 1.0
CHANGED: Final = named("changed")
_log = get_logger()


class Pump:
    """Waits for `note`, gathers, and serves each changed event once. Started by the first watcher."""

    def __init__(self, app: Flask, *, boards: HeldBoards, channels: Channels) -> None:
        self._app = app
        self._boards = boards
        self._channels = channels
        self._condition = threading.Condition()
        self._noted: set[int] = set()
        self._again: set[int] = set()
        # When (monotonic) an event looks different without any news: somebody's five minutes are over.
        self._returns: dict[int, float] = {}
        # When (monotonic) all that is watched is read again, however busy one event keeps the pump.
        self._refresh_at = 0.0
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    @property
    def is_serving(self) -> bool:
        """Tell whether all that was noted could be read; False while the database is out of reach."""
        return not self._again

    def start(self) -> None:
        """Start the thread unless it runs."""
        with self._condition:
            if self._thread is None:
                self._stopping = threading.Event()
                self._refresh_at = time.monotonic() + REFRESH_SECONDS
                self._thread = threading.Thread(target=self._run, args=(self._stopping,), name="pump", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread; `start` starts another."""
        with self._condition:
            thread, self._thread = self._thread, None
            self._stopping.set()
            self._condition.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=REFRESH_SECONDS)

    def note(self, event_id: int) -> None:
        """Note that an event changed; EVERY_EVENT: that any may have."""
        with self._condition:
            self._noted.add(event_id)
            self._condition.notify_all()

    def _run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            with self._condition:
                self._condition.wait_for(lambda: bool(self._noted) or stopping.is_set(), self._pause())
            if stopping.wait(GATHER_SECONDS):
                return
            self._serve_noted()

    def _pause(self) -> float:
        retry = [_RETRY_SECONDS] if self._again else []
        return max(min([*retry, *(at - time.monotonic() for at in (self._refresh_at, *self._returns.values()))]), 0)

    def _is_time_to_refresh(self) -> bool:
        if time.monotonic() < self._refresh_at:
            return False
        self._refresh_at = time.monotonic() + REFRESH_SECONDS * random.uniform(0.8, 1.0)  # noqa: S311
        return True

    def _serve_noted(self) -> None:
        with self._condition:
            noted, self._noted = self._noted, set()
        is_refresh = self._is_time_to_refresh()
        due = {event_id for event_id, at in self._returns.items() if at <= time.monotonic()}
        for event_id in due:
            del self._returns[event_id]
            self._boards.mark(event_id)
        failed: set[int] = set()
        for event_id in self._channels.events():
            is_changed = bool({event_id, EVERY_EVENT} & noted) or event_id in self._again | due
            if (is_changed or is_refresh) and not self._served(event_id):
                failed.add(event_id)
        self._again = failed

    def _served(self, event_id: int) -> bool:
        try:
            self._serve(event_id)
        except (SQLAlchemyError, DatabaseBusy) as error:
            _log.warning("push failed", event_id=event_id, error=type(error).__name__)
            return False
        except Exception:  # noqa: BLE001 - one event's trouble must not end the pushes of all
            _log.exception("push failed", event_id=event_id)
            return False
        return True

    def _serve(self, event_id: int) -> None:
        """Push what changed to all who watch this event. The boards push by themselves when they are rendered."""
        channels = self._channels.of(event_id)
        desk = channels.get(Topic(Page.DESK, event_id))
        if desk is not None:
            desk.put(CHANGED)
        if Topic(Page.BOARD, event_id) in channels:
            self._boards.board(event_id)
        tickets = {topic.ticket_id: channel for topic, channel in channels.items() if topic.page is Page.TICKET}
        with self._app.app_context():
            session = db.session()
            moment = database_now(session)
            back_at = next_return(session, event_id=event_id, moment=moment)
            states = visible_states(session, tickets, event_id=event_id, moment=moment) if tickets else {}
        if back_at is not None:
            self._returns[event_id] = time.monotonic() + (back_at - moment).total_seconds()
        for ticket_id, channel in tickets.items():
            channel.put(CHANGED, version=states.get(ticket_id, "gone"))
