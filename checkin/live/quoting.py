"""Writes down what customers were told, after their page was answered: a GET reads only, and nobody waits for this."""

import threading
from typing import Final

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from checkin.db import DatabaseBusy, transaction
from checkin.queueing.quotes import Told, keep_quotes

AT_MOST: Final = 2000
# A take moves a whole queue: all that its pages were told is one transaction.
GATHER_SECONDS: Final = 2.0
_STOP_SECONDS: Final = 5.0
_log = get_logger()


class QuoteKeeper:
    """Gathers what was told and writes it in a thread of its own, started by the first one.

    Beyond AT_MOST, and while the database is out of reach, they are dropped: a figure less in a report, nothing else.
    """

    def __init__(self, app: Flask, *, gather_seconds: float = GATHER_SECONDS) -> None:
        self._app = app
        self._gather_seconds = gather_seconds
        self._condition = threading.Condition()
        self._told: list[Told] = []
        self._is_writing = False
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self.dropped = 0

    def tell(self, told: Told) -> None:
        """Note what was told; returns at once."""
        with self._condition:
            if len(self._told) >= AT_MOST or self._stopping.is_set():
                self.dropped += 1
                return
            self._told.append(told)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="quotes", daemon=True)
                self._thread.start()
            self._condition.notify_all()

    def wait_until_kept(self, timeout: float) -> bool:
        """Wait until all that was told so far is written or dropped; return whether that came about in time."""
        with self._condition:
            return self._condition.wait_for(lambda: not self._told and not self._is_writing, timeout)

    def stop(self) -> None:
        """Write what is left and end the thread; nothing is kept any more."""
        with self._condition:
            self._stopping.set()
            self._condition.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=_STOP_SECONDS)

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: bool(self._told) or self._stopping.is_set())
                if not self._told:
                    return
            self._stopping.wait(self._gather_seconds)
            with self._condition:
                told, self._told = self._told, []
                self._is_writing = True
            self._write(told)
            with self._condition:
                self._is_writing = False
                self._condition.notify_all()

    def _write(self, told: list[Told]) -> None:
        try:
            with self._app.app_context(), transaction() as session:
                keep_quotes(session, told)
        except (SQLAlchemyError, DatabaseBusy) as error:
            self.dropped += len(told)
            _log.warning("quotes dropped", count=len(told), error=type(error).__name__)
        except Exception:  # noqa: BLE001 - what was told before must not end the keeping of what comes
            self.dropped += len(told)
            _log.exception("quotes dropped", count=len(told))
