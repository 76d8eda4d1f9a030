"""What is no longer true, or too late, does not leave."""

from __future__ import annotations

import random
import threading
import time
import uuid
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from bench.faults.desk import Desk
from bench.faults.kills import recover
from bench.faults.table import Line
from bench.faults.worker import empty, open_lane, start
from checkin import clock
from checkin.alerts.delivery import deliver_next
from checkin.models import Alert, AlertKind, AlertState, Channel
from checkin.queueing.moving import put_back
from checkin.queueing.taking import take_next
from tests.support.crowd import fill_queues

MOST_WAIT: Final = 0.02


def put_back_meanwhile(desk: Desk, times: int) -> Line:
    """Take a ticket and put it back within 20 ms while a worker sends: a call leaves before that, or not at all."""
    began = time.monotonic()
    desk.clear()
    fill_queues(desk.app, desk.crowd, tickets=1, phone="+14155009999")
    stop = threading.Event()
    worker = threading.Thread(target=_send_until, args=(desk, stop))
    worker.start()
    left_before = sum(_leaves_before_it_is_put_back(desk) for _ in range(times))
    stop.set()
    worker.join(60)
    recover(desk, Channel.TEXT)
    stale = sum("is ready" in text.body for text in desk.twilio.delivered) - left_before
    seen = f"left before {left_before} of {times} were put back, after it {stale}"
    fault = "text: put back between take and sending"
    return Line(fault, desk.name, times, "after it 0", seen, time.monotonic() - began, stale == 0)


def gone_for_half_an_hour(desk: Desk, waiting: int) -> Line:
    """Let the provider be away for 30 minutes of the alerts' time, and come back."""
    began = time.monotonic()
    desk.clear()
    desk.call(waiting // 2, channel=Channel.TEXT, minutes=15)
    desk.call(waiting - waiting // 2, channel=Channel.TEXT, minutes=45)
    desk.twilio.stop()
    start(desk.route(Channel.TEXT)).join(120)
    desk.time_passes(minutes=30)
    desk.twilio.start()
    recover(desk, Channel.TEXT)
    verdict = desk.judge()
    expired, sent = verdict.states[AlertState.EXPIRED], verdict.states[AlertState.SENT]
    seen = f"sent {sent}, expired {expired}, accepted {verdict.accepted}, lost {verdict.lost}"
    half = waiting // 2
    expected = f"sent {waiting - half}, expired {half}, accepted {waiting - half}, lost 0"
    fault = f"text: provider gone for 30 minutes with {waiting} waiting"
    return Line(fault, desk.name, waiting, expected, seen, time.monotonic() - began, seen == expected)


def jumping_clock(desk: Desk, times: int) -> Line:
    """Let a worker's clock run an hour ahead, then an hour behind, then right again."""
    began = time.monotonic()
    desk.clear()
    desk.call(times, channel=Channel.TEXT, minutes=15)
    real = clock.now
    try:
        for hours in (1, -1):
            by = timedelta(hours=hours)
            clock.now = lambda by=by: real() + by  # type: ignore[misc]
            with open_lane(desk.route(Channel.TEXT)) as lane:
                for _ in range(times // 25):
                    deliver_next(lane)
    finally:
        clock.now = real
    recover(desk, Channel.TEXT)
    verdict = desk.judge()
    expired = verdict.states[AlertState.EXPIRED]
    seen = f"lost {verdict.lost}, really doubled {verdict.doubled}, accepted {verdict.accepted}, expired {expired}"
    # The database's clock counts. On SQLite that is the machine's own: what it finds too old is dropped, and says so.
    early = "some" if desk.name == "SQLite" else "0"
    holds = not verdict.lost and not verdict.doubled and verdict.accepted + expired == times
    holds = holds and (expired == 0 or early == "some")
    expected = f"lost 0, really doubled 0, expired {early}"
    return Line(
        "text: the worker's clock jumps an hour", desk.name, times, expected, seen, time.monotonic() - began, holds
    )


def _send_until(desk: Desk, stop: threading.Event) -> None:
    with open_lane(desk.route(Channel.TEXT)) as lane:
        while not stop.is_set():
            empty(lane)
            stop.wait(0.004)


def _leaves_before_it_is_put_back(desk: Desk) -> bool:
    """Take, put back after a moment, and tell whether the call had left by then."""
    cast, expert = desk.crowd.cast, desk.crowd.experts[0].someone.id
    with cast.writing() as session:
        key = take_next(
            session, event_id=cast.event_id, team_code=desk.crowd.codes[0], expert_id=expert,
            request_key=str(uuid.uuid4()), desk="7",
        ).key  # fmt: skip
    time.sleep(random.uniform(0, MOST_WAIT))
    with cast.writing() as session:
        put_back(session, key, event_id=cast.event_id, by=expert, version=None)
    calls = select(Alert).where(Alert.kind == AlertKind.READY, Alert.channel == Channel.TEXT)
    return cast.all(calls.order_by(Alert.id.desc()).limit(1))[0].state is not AlertState.CANCELLED
