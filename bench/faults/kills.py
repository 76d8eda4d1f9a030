"""Workers killed, or stopped past their lease, at each named step of sending."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.faults.desk import Desk, Verdict
from bench.faults.table import Line
from bench.faults.worker import FROM_OUTSIDE, Step, start
from checkin.models import Channel
from tests.support import fake_smtp, fake_twilio

SECONDS_AT_MOST: Final = 30.0
LONG: Final = 3600.0
ROUNDS_AT_MOST: Final = 20
STOPPED_LEASE: Final = 6.0
LOOKED_UP: Final = frozenset({Step.LOOKING_UP, Step.FOUND_OUT})
# Until here nothing is known to have begun; from RECORDED on everything is known.
_WITHOUT_A_TRACE: Final = frozenset({Step.LEASING, Step.RECORDED})
_REALLY_LEFT: Final = frozenset({Step.ACCEPTED, Step.ANSWERED, Step.RECORDING})


@dataclass(frozen=True)
class Expected:
    """What a run is to come to, said before it."""

    accepted: int
    possible_duplicates: int
    doubled: int

    def __str__(self) -> str:
        return (
            f"lost 0, doubled in silence 0, accepted {self.accepted}, "
            f"possible duplicates {self.possible_duplicates}, really doubled {self.doubled}"
        )


def expect(channel: Channel, step: Step, times: int) -> Expected:
    """Say what becomes of as many alerts whose worker is killed at this step.

    A text that may have left is looked up first: found, it counts as sent; not found, it is sent once more and counted
    as a possible duplicate. An email is simply sent again, with the same Message-ID, and counted.
    """
    if step in _WITHOUT_A_TRACE or (channel is Channel.TEXT and (step in _REALLY_LEFT or step in LOOKED_UP)):
        return Expected(times, 0, 0)
    doubled = times if step in _REALLY_LEFT else 0
    return Expected(times + doubled, times, doubled)


def expect_stopped(channel: Channel, step: Step, times: int) -> Expected:
    """Say what becomes of as many alerts whose worker stands still at this step and goes on after its lease.

    Before it writes a worker looks whether its lease still holds. Stopped after that look it cannot know.
    """
    found = channel is Channel.TEXT and step is Step.ANSWERED
    doubled = 0 if found or step is Step.LEASED else times
    return Expected(times + doubled, 0 if found else times, doubled)


def killed(desk: Desk, channel: Channel, step: Step, times: int) -> Line:
    """Kill that many workers at this step, let another one go on, and count."""
    began = time.monotonic()
    expected = expect(channel, step, times)
    desk.clear()
    desk.call(times, channel=channel)
    if step in LOOKED_UP:
        _make_unknown(desk, channel)
    kills = sum(_kill_one(desk, channel, step) for _ in range(times))
    desk.twilio.always = None
    desk.mail.always.clear()
    desk.leases_run_out()
    recover(desk, channel)
    verdict = desk.judge()
    seen = Expected(verdict.accepted, verdict.possible_duplicates, verdict.doubled)
    holds = kills == times and seen == expected and not verdict.lost and not verdict.doubled_in_silence
    fault = f"{channel}: killed, {step}"
    return Line(fault, desk.name, kills, str(expected), tell(verdict), time.monotonic() - began, holds)


def stopped(desk: Desk, channel: Channel, step: Step, times: int) -> Line:
    """Stop that many workers at this step, let another one finish after their leases, then let them go on."""
    began = time.monotonic()
    desk.clear()
    desk.call(times, channel=channel)
    route = desk.route(channel, lease=STOPPED_LEASE)
    expected = expect_stopped(channel, step, times)
    workers = []
    for _ in range(times):
        worker = start(route, step, signal.SIGSTOP)
        _wait_until(lambda pid=worker.pid: _is_stopped(pid))  # type: ignore[misc]
        workers.append(worker)
    time.sleep(STOPPED_LEASE)
    recover(desk, channel)
    for worker in workers:
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGCONT)
    for worker in workers:
        worker.join(SECONDS_AT_MOST)
    verdict = desk.judge()
    seen = Expected(verdict.accepted, verdict.possible_duplicates, verdict.doubled)
    holds = seen == expected and not verdict.lost and not verdict.doubled_in_silence
    holds = holds and all(one.exitcode == 0 for one in workers)
    fault = f"{channel}: stopped past the lease, then continued, {step}"
    return Line(fault, desk.name, times, str(expected), tell(verdict), time.monotonic() - began, holds)


def recover(desk: Desk, channel: Channel) -> None:
    """Let workers go on until every alert has come to an end, without waiting for the pauses between tries."""
    route = desk.route(channel)
    for _ in range(ROUNDS_AT_MOST):
        worker = start(route)
        worker.join(SECONDS_AT_MOST * 4)
        if not desk.open_alerts():
            return
        time.sleep(route.look_up_after)
        desk.due_now()


def tell(verdict: Verdict) -> str:
    """Return what became of the alerts in words, as `Expected` says it."""
    more = f", left to a person {verdict.needs_review}" if verdict.needs_review else ""
    return (
        f"lost {verdict.lost}, doubled in silence {verdict.doubled_in_silence}, accepted {verdict.accepted}, "
        f"possible duplicates {verdict.possible_duplicates}, really doubled {verdict.doubled}{more}"
    )


def _kill_one(desk: Desk, channel: Channel, step: Step) -> bool:
    """Start a worker that ends at this step; tell whether that is how it ended."""
    asked, taken = _asked_and_taken(desk, channel)
    if step in FROM_OUTSIDE:
        desk.twilio.always = fake_twilio.Hang(accepts=step is Step.ACCEPTED)
        desk.mail.always[fake_smtp.Stage.END] = fake_smtp.Silence(keeps=step is Step.ACCEPTED)
    worker = start(desk.route(channel), step)
    if step in FROM_OUTSIDE:
        further = (asked + 1, taken + (step is Step.ACCEPTED))
        _wait_until(lambda: _asked_and_taken(desk, channel) >= further)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
    worker.join(SECONDS_AT_MOST)
    return worker.exitcode == -signal.SIGKILL


def _asked_and_taken(desk: Desk, channel: Channel) -> tuple[int, int]:
    """Return how many messages the provider has read, and how many of them it has accepted."""
    if channel is Channel.EMAIL:
        return desk.mail.asked[fake_smtp.Stage.END], len(desk.mail.received)
    return len(desk.twilio.requests), len(desk.twilio.delivered)


def _make_unknown(desk: Desk, channel: Channel) -> None:
    """Let every text be accepted without an answer, so that all of them are to be looked up."""
    desk.twilio.always = fake_twilio.Reset(accepts=True)
    start(desk.route(channel, look_up_after=LONG)).join(SECONDS_AT_MOST * 4)
    desk.twilio.always = None
    desk.due_now()


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T"


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS_AT_MOST
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("the worker did not come to its step")
        time.sleep(0.002)
