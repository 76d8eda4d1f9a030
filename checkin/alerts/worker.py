"""Sends what waits in the outbox: one thread per channel, so that the trouble of one does not delay the other.

Runs inside the server's process or as the `worker` command. Any number of workers may run against one database.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta

from sqlalchemy.orm import Session

from checkin.alerts.channels.smtp import SmtpChannel
from checkin.alerts.channels.twilio import TwilioChannel
from checkin.alerts.delivery import deliver_next
from checkin.alerts.drafting import Sender
from checkin.alerts.lanes import Lane, Progress, Rest
from checkin.alerts.pacing import pacing_of
from checkin.config import Settings
from checkin.db import DatabaseBusy
from checkin.models import Channel

log = logging.getLogger(__name__)


def open_lanes(
    settings: Settings, *, secret_key: str, transaction: Callable[[], AbstractContextManager[Session]]
) -> tuple[Lane, ...]:
    """Return the two lanes that the settings describe.

    `transaction` opens a write transaction from any thread. Raises ValueError when SMTP_URL cannot be used.
    """
    sender = Sender.of(settings, secret_key=secret_key)
    lease = timedelta(seconds=settings.lease_seconds)
    twilio = text_channel(settings) if settings.has_text_provider else None
    mail = mail_channel(settings).send if settings.has_mail_provider else None
    return (
        Lane(
            Channel.TEXT, twilio.send if twilio else None, sender, transaction, lease,
            look_up=twilio.look_up if twilio else None, look_up_after=timedelta(seconds=settings.look_up_seconds),
            pace=pacing_of(settings),
        ),
        Lane(Channel.EMAIL, mail, sender, transaction, lease),
    )  # fmt: skip


def text_channel(settings: Settings) -> TwilioChannel:
    """Return the channel of texts that the settings describe; nothing is contacted."""
    return TwilioChannel(
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token,
        messaging_service_sid=settings.twilio_messaging_service_sid or None,
        from_number=settings.twilio_from or None,
        api_base_url=settings.twilio_api_base_url or None,
    )


def mail_channel(settings: Settings) -> SmtpChannel:
    """Return the channel of emails that the settings describe. Raises ValueError when SMTP_URL cannot be used."""
    return SmtpChannel(settings.smtp_url, seconds=settings.provider_timeout_seconds)


class Worker:
    """A thread for each lane, from `start()` to `stop()`."""

    def __init__(
        self, lanes: Sequence[Lane], *, poll_seconds: float, drain_seconds: float,
        tidy: Callable[[], object] | None = None, tidy_seconds: float = 3600.0,
    ) -> None:  # fmt: skip
        """Keep what is to be done; nothing runs yet. `drain_seconds` is the most that `stop()` takes.

        `tidy` is called every `tidy_seconds` by a lane that has nothing to send.
        """
        self._tidy = tidy
        self._tidy_seconds = tidy_seconds
        self._tidied_at = time.monotonic() - tidy_seconds
        self._tidying = threading.Lock()
        self._lanes = [(lane, threading.Event()) for lane in lanes]
        self._poll_seconds = poll_seconds
        self._drain_seconds = drain_seconds
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to send."""
        for lane, bell in self._lanes:
            thread = threading.Thread(target=self._run, args=(lane, bell), name=f"outbox-{lane.channel}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """Look into the outbox now. A lane without a provider is in no hurry: it waits for its next poll."""
        for lane, bell in self._lanes:
            if lane.send is not None:
                bell.set()

    def stop(self) -> bool:
        """Take up nothing new, wait for what is being sent, and tell whether all of it ended in time.

        What did not end keeps its lease and is dealt with by the next worker.
        """
        self._stopping.set()
        for _, bell in self._lanes:
            bell.set()
        deadline = time.monotonic() + self._drain_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, lane: Lane, bell: threading.Event) -> None:
        while not self._stopping.is_set():
            bell.clear()
            found = self._deliver(lane)
            if isinstance(found, Rest):
                # Whatever is rung for meanwhile has to wait as long; look-ups that fall due have their usual poll.
                self._stopping.wait(min(found.seconds, self._poll_seconds))
            elif found is Progress.NOTHING_DUE and not self._stopping.is_set():
                self._tidy_now_and_then()
                bell.wait(self._poll_seconds)

    def _deliver(self, lane: Lane) -> object:
        """Deliver one alert; an error of any kind costs this lane a pause, never its thread."""
        try:
            return deliver_next(lane, pause=self._stopping.wait)
        except DatabaseBusy:
            log.warning("the %s lane waits for the database", lane.channel)
        except Exception:
            log.exception("the %s lane met an error", lane.channel)
        return Progress.NOTHING_DUE

    def _tidy_now_and_then(self) -> None:
        """Tidy up if it is time to; what goes wrong there is tried again the next time."""
        if self._tidy is None or not self._tidying.acquire(blocking=False):
            return
        try:
            if time.monotonic() - self._tidied_at >= self._tidy_seconds:
                self._tidied_at = time.monotonic()
                self._tidy()
        except Exception:
            log.exception("tidying up met an error")
        finally:
            self._tidying.release()
