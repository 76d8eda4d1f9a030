"""Providers that answer late, wrongly or not at all."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from bench.faults.desk import Desk
from bench.faults.kills import recover, tell
from bench.faults.table import Line
from bench.faults.worker import start
from checkin.models import Channel
from tests.support import fake_smtp, fake_twilio
from tests.support.fake_twilio import AcceptThen, Answer, Hang, Reset, Slow

# How long a worker waits here for an answer; in service it is half a minute.
READ_SECONDS: Final = 0.3


@dataclass(frozen=True)
class TextFault:
    """What the provider does to the first request of every text, and what is to become of it."""

    name: str
    fault: fake_twilio.Fault
    possible: bool = False
    """Whether each one is counted as a possible duplicate: nobody could tell that it had not arrived."""


TEXT_FAULTS: Final = (
    TextFault("429 with Retry-After", Answer(429, 20429, {"Retry-After": "1"})),
    TextFault("429 without Retry-After", Answer(429, 20429)),
    TextFault("500 after accepting", AcceptThen(Answer(500, 20500))),
    TextFault("500, not accepted", Answer(500, 20500), possible=True),
    TextFault("hangs after accepting", Hang(accepts=True)),
    TextFault("hangs, not accepted", Hang(accepts=False), possible=True),
    TextFault("slow: answers after 0.2 seconds", Slow(0.2)),
    TextFault("resets after accepting", Reset(accepts=True)),
    TextFault("resets, not accepted", Reset(accepts=False), possible=True),
)


def texts(desk: Desk, fault: TextFault, times: int) -> Line:
    """Meet the first request of every text with the fault; later ones are answered as usual."""
    began = time.monotonic()
    desk.clear()
    desk.call(times, channel=Channel.TEXT)
    desk.twilio.always = fault.fault
    route = desk.route(Channel.TEXT, read_seconds=READ_SECONDS)
    first = start(route)
    while len(desk.twilio.requests) < times:
        time.sleep(0.01)
        if not first.is_alive():
            first = start(route)
    desk.twilio.always = None
    first.join(60)
    recover(desk, Channel.TEXT)
    verdict = desk.judge()
    possible = times if fault.possible else 0
    holds = (
        not verdict.lost and not verdict.doubled and verdict.accepted == times
        and verdict.possible_duplicates == possible
    )  # fmt: skip
    expected = f"lost 0, accepted {times}, possible duplicates {possible}, really doubled 0"
    return Line(
        f"text: {fault.name}", desk.name, times, expected, tell(verdict), time.monotonic() - began, holds
    )  # fmt: skip


def dropped_mail(desk: Desk, times: int, *, keeps: bool) -> Line:
    """Lose the line after the final dot of every email's first try, kept or not."""
    began = time.monotonic()
    desk.clear()
    desk.call(times, channel=Channel.EMAIL)
    desk.mail.script(fake_smtp.Stage.END, *[fake_smtp.Drop(keeps=keeps)] * times)
    recover(desk, Channel.EMAIL)
    verdict = desk.judge()
    copies = times if keeps else 0
    same = len({mail.parsed["Message-ID"] for mail in desk.mail.received}) == times
    seen = f"{tell(verdict)}, {'one' if same else 'not one'} Message-ID for all copies of each"
    holds = (
        not verdict.lost and not verdict.doubled_in_silence and verdict.accepted == times + copies
        and verdict.possible_duplicates == times and verdict.doubled == copies and same
    )  # fmt: skip
    expected = f"lost 0, doubled in silence 0, possible duplicates {times}, really doubled {copies}, one Message-ID"
    name = f"email: line dropped after the final dot, {'kept' if keeps else 'not kept'}"
    return Line(name, desk.name, times, expected, seen, time.monotonic() - began, holds)
