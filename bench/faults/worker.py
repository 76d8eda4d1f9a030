"""A worker in a process of its own that ends at a named step of sending.

The processes are forked from one that has everything loaded and runs no thread, so that hundreds of them can be killed
within minutes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts.channels import Receipt
from checkin.alerts.channels.twilio import TwilioChannel
from checkin.alerts.delivery import deliver_next
from checkin.alerts.lanes import Lane, Progress
from checkin.alerts.worker import open_lanes
from checkin.config import Settings
from checkin.db import DatabaseBusy, transaction
from checkin.models import Alert, AlertState, Channel
from tests.support.databases import SECRET_KEY, rules_app
from tests.support.fake_twilio import ACCOUNT_SID, AUTH_TOKEN

PUBLIC_URL = "https://desk.example.org"
_SENDING = select(Alert.id).where(Alert.state == AlertState.SENDING).limit(1)


class Step(StrEnum):
    """Where a worker ends, in the order of its work."""

    LEASING = "the lease written, not committed"
    LEASED = "leased, nothing sent"
    WRITING = "about to write the message"
    ASKED = "message read by the provider, not accepted"
    ACCEPTED = "accepted, answer not read"
    ANSWERED = "answer read, not recorded"
    RECORDING = "the ending written, not committed"
    RECORDED = "recorded"
    LOOKING_UP = "looking an unknown one up"
    FOUND_OUT = "looked up, not recorded"


FROM_OUTSIDE = frozenset({Step.ASKED, Step.ACCEPTED})
"""Steps at which nobody but the provider knows that they are reached: the run itself kills there."""


@dataclass(frozen=True)
class Route:
    """The way of one lane from its database to its provider; times in seconds."""

    database_url: str
    channel: str
    provider: str
    lease: float
    look_up_after: float
    read_seconds: float | None = None
    """How long to wait for an answer to a text; as in service when not said."""

    def settings(self) -> Settings:
        """Return the settings of a worker on this way; texts are not paced."""
        return Settings(
            database_url=self.database_url, secret_key=SECRET_KEY, public_url=PUBLIC_URL, worker_inside=False,
            instance_folder=Path(gettempdir()), twilio_account_sid=ACCOUNT_SID, twilio_auth_token=AUTH_TOKEN,
            twilio_from="+14155550000", twilio_api_base_url=self.provider if self.channel == Channel.TEXT else "",
            twilio_segments_per_second=0, smtp_url=self.provider if self.channel == Channel.EMAIL else "",
            mail_from="desk@example.org", lease_seconds=self.lease, look_up_seconds=self.look_up_after,
        )  # fmt: skip


@contextmanager
def open_lane(route: Route) -> Iterator[Lane]:
    """Yield the lane, on connections of this process's own."""
    settings = route.settings()
    app = rules_app(settings)

    @contextmanager
    def writing() -> Iterator[Session]:
        with app.app_context(), transaction() as session:
            yield session

    lanes = open_lanes(settings, secret_key=SECRET_KEY, transaction=writing)
    lane = next(lane for lane in lanes if lane.channel == route.channel)
    if route.read_seconds is not None:
        impatient = TwilioChannel(
            account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, from_number=settings.twilio_from,
            api_base_url=route.provider, read_seconds=route.read_seconds,
        )  # fmt: skip
        lane = replace(lane, send=impatient.send)
    yield lane


def work(route: Route, step: Step | None = None, end: int = signal.SIGKILL) -> None:
    """Deliver what is due until nothing is, and end with this signal at that step."""
    with open_lane(route) as lane:
        empty(lane if step is None else _ending_at(step, lane, lambda: os.kill(os.getpid(), end)))


def empty(lane: Lane) -> int:
    """Deliver until nothing is due; return how many were taken up."""
    done = 0
    while True:
        try:
            if deliver_next(lane) is Progress.NOTHING_DUE:
                return done
        except DatabaseBusy:
            continue
        done += 1


def start(route: Route, step: Step | None = None, end: int = signal.SIGKILL) -> ForkServerProcess:
    """Start such a worker and return its process."""
    process = _forks.Process(target=work, args=(route, step, end), daemon=True)
    process.start()
    return process


def _ending_at(step: Step, lane: Lane, end: Callable[[], None]) -> Lane:
    sent = False

    def send(message: Any) -> Receipt:
        nonlocal sent
        assert lane.send is not None
        if step is Step.WRITING:
            end()
        receipt = lane.send(message)
        sent = True
        if step is Step.ANSWERED:
            end()
        return receipt

    def look_up(*asked: Any, **named: Any) -> Any:
        if step is Step.LOOKING_UP:
            end()
        found = lane.look_up(*asked, **named) if lane.look_up is not None else None
        if step is Step.FOUND_OUT:
            end()
        return found

    @contextmanager
    def writing() -> Iterator[Session]:
        with lane.transaction() as session:
            yield session
            session.flush()
            leased = not sent and session.scalar(_SENDING) is not None
            if (step is Step.LEASING and leased) or (step is Step.RECORDING and sent):
                end()
        if (step is Step.LEASED and leased) or (step is Step.RECORDED and sent):
            end()

    opened: Callable[[], AbstractContextManager[Session]] = writing
    return replace(lane, send=send, look_up=look_up if lane.look_up is not None else None, transaction=opened)


_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["bench.faults.worker"])
