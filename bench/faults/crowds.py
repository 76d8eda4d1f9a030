"""Many workers on one outbox."""

from __future__ import annotations

import time

from bench.faults.desk import Desk
from bench.faults.kills import recover, tell
from bench.faults.table import Line
from bench.faults.worker import start
from checkin.models import Channel


def together(desk: Desk, workers: int, rows: int) -> Line:
    """Let that many workers empty the outbox together."""
    desk.clear()
    desk.call(rows, channel=Channel.TEXT, minutes=600)
    began = time.monotonic()
    team = [start(desk.route(Channel.TEXT)) for _ in range(workers)]
    for worker in team:
        worker.join(600)
    seconds = time.monotonic() - began
    recover(desk, Channel.TEXT)
    verdict = desk.judge()
    holds = not verdict.lost and not verdict.doubled and verdict.accepted == rows and not verdict.possible_duplicates
    expected = f"lost 0, accepted {rows}, possible duplicates 0, really doubled 0"
    seen = f"{tell(verdict)}; {rows / seconds:.0f} rows a second"
    return Line(f"text: {workers} workers on {rows} rows", desk.name, rows, expected, seen, seconds, holds)
