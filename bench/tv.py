"""Let a TV hang in the hall for a while and print one line of JSON: what it and its server need more each hour.

A server as `make run` starts it (one gthread process, SQLite; `--postgres`: PostgreSQL), with the worker and the pump
in it, and one headless Chromium on `board?tv=1` with chime and spoken call. Once a second something happens on the
desk, by the rules' own functions inside the server: somebody is checked in, taken, resolved, or put back; 25 to 40
tickets are on the board, so that it pages. Every minute the page's garbage is collected and counted what is left: the
heap of its scripts, nodes and listeners of its documents, and the resident memory of the browser's processes and of
the server's.

- `first`, `last`: the medians of the first and of the last quarter of the samples, without the first tenth; `per_hour`:
  the slope of a straight line through the last half. `spare_nodes` are those that do not belong to a row of the board:
  they say more than all of them do, as there are at times more people.
- `late_ms`: from the commit to the swapped board, as the page's own clock saw it; includes the 100 ms of the pump.
- `is_same`: whether the page shows at the end what the server would answer to it.

    python -m bench.tv [--seconds 3600] [--every 60] [--postgres]
"""

import argparse
import json
import os
import random
import re
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from flask import Flask, jsonify, request
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import create_app
from checkin.config import Settings
from checkin.db import transaction
from checkin.live import live
from checkin.models import Status, StatusCode, StatusKind, Team, Ticket
from checkin.queueing.checking_in import CheckInDetails, check_in
from checkin.queueing.moving import put_back
from checkin.queueing.taking import take_next
from checkin.queueing.transitions import change_status
from tests.browser.venue import TV
from tests.cast import Cast, cast_of
from tests.support.browser import launch_arguments
from tests.support.databases import SECRET_KEY, close, make_tables
from tests.support.postgres import Durability, running_postgres
from tests.support.server import running_server

WAITING, OWNED = (18, 30), 10
FILLED = 40
WITHIN = 5.0
PEOPLE = (
    ("Ada", "Lovelace"), ("Grace", "Hopper"), ("شيماء", "الخطيب"), ("Zoë 🦊", "Martin"), ("Nguyễn Thị", "Lan"),
    ("Bartholomew-Maximilian", "Featherstonehaugh"), ("Дарья", "Соколова"), ("Jo", "Ng"),
)  # fmt: skip
# The page itself says when it was last changed; nothing else is asked of it between the samples.
WATCH = (
    "addEventListener('load', () => document.addEventListener('board:shown', () => { window.lastShown = Date.now(); }))"
)
SPARE_NODES = """() => {
  const count = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ALL);
    let nodes = 1;
    while (walker.nextNode()) nodes += 1;
    return nodes;
  };
  const rows = [...document.querySelectorAll("tbody tr")].map(count);
  return count(document) - rows.reduce((sum, nodes) => sum + nodes, 0) - rows.length;
}"""


@dataclass(frozen=True)
class Crowd:
    """Who works at the event, by ids: what the server needs to know to let things happen."""

    event_id: int
    volunteer_id: int
    experts: dict[str, int]
    products: list[int]


def create_changing_app() -> Flask:
    """Return the app with an address at which something happens; it answers with the moment of the commit."""
    app = create_app()
    app.config["WTF_CSRF_ENABLED"] = False
    chance, lock = random.Random(7), threading.Lock()

    @app.post("/bench/change")
    def change() -> Any:
        crowd = Crowd(**request.get_json())
        with lock, transaction() as session:
            done = _happen(session, crowd, chance)
        return jsonify(at=time.time() * 1000, done=done, process=os.getpid())

    return app


def _happen(session: Session, crowd: Crowd, chance: random.Random) -> str:
    """Let one thing happen that keeps the board about as full as it is."""
    open_ones = select(Ticket.key, Team.code, Ticket.owner_id).join(Team, Team.id == Ticket.team_id)
    shown = open_ones.join(Status, Status.id == Ticket.status_id).where(
        Ticket.event_id == crowd.event_id, Ticket.kind == StatusKind.OPEN, Status.on_board
    )
    rows = session.execute(shown.order_by(Ticket.id)).all()
    waiting, owned = [row for row in rows if row.owner_id is None], [row for row in rows if row.owner_id is not None]
    what = chance.choice(("check in", "take", "take", "resolve", "put back"))
    if len(waiting) < WAITING[0] or (what == "check in" and len(waiting) < WAITING[1]):
        return _check_in(session, crowd, chance)
    if (what in {"resolve", "put back"} and owned) or len(owned) >= OWNED:
        mine = chance.choice(owned)
        if what == "put back":
            put_back(session, mine.key, event_id=crowd.event_id, by=mine.owner_id, version=None)
            return "put back"
        change_status(
            session, mine.key, event_id=crowd.event_id, to=StatusCode.RESOLVED, by=mine.owner_id, version=None
        )
        return "resolve"
    code = chance.choice(waiting).code
    take_next(
        session, event_id=crowd.event_id, team_code=code, expert_id=crowd.experts[code], request_key=str(uuid.uuid4()),
        desk=str(chance.randrange(1, 30)),
    )  # fmt: skip
    return "take"


def _check_in(session: Session, crowd: Crowd, chance: random.Random) -> str:
    first_name, last_name = chance.choice(PEOPLE)
    details = CheckInDetails(
        submission_id=str(uuid.uuid4()), first_name=first_name, last_name=last_name, phone=None,
        email=f"guest{chance.randrange(10**9)}@example.org", product_id=chance.choice(crowd.products),
    )  # fmt: skip
    check_in(session, details, event_id=crowd.event_id, by=crowd.volunteer_id)
    return "check in"


@dataclass
class Samples:
    """What was counted, by name, each time."""

    at: list[float] = field(default_factory=list)
    counted: dict[str, list[float]] = field(default_factory=dict)

    def add(self, at: float, **figures: float) -> None:
        """Add what was counted at a moment, in seconds from the begin."""
        self.at.append(at)
        for name, figure in figures.items():
            self.counted.setdefault(name, []).append(figure)

    def trends(self) -> dict[str, dict[str, float]]:
        """Return for each name the medians of the first and last quarter, and the slope per hour of the last half."""
        skipped, half = len(self.at) // 10, len(self.at) // 2
        hours = [at / 3600 for at in self.at]
        quarter = max(len(hours) // 4, 1)
        trends = {}
        for name, counted in self.counted.items():
            after = counted[skipped:]
            slope = statistics.linear_regression(hours[half:], counted[half:]).slope if len(hours) > 3 else 0.0
            trends[name] = {
                "first": round(statistics.median(after[:quarter]), 2),
                "last": round(statistics.median(after[-quarter:]), 2),
                "per_hour": round(slope, 2),
            }
        return trends


class Screen:
    """The page in its browser, and what can be counted of it."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.complaints: list[str] = []
        self.page: Page = browser.new_page(base_url=address, viewport=TV)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.add_init_script(WATCH)
        self.page.goto("/demo/board?tv=1")
        self.page.mouse.click(900, 500)
        self._tools = self.page.context.new_cdp_session(self.page)
        self._tools.send("HeapProfiler.enable")
        self._tools.send("Performance.enable")
        self._browser = browser.new_browser_cdp_session()

    def counted(self) -> dict[str, float]:
        """Collect the garbage and count what is left."""
        for _ in range(2):
            self._tools.send("HeapProfiler.collectGarbage")
        heap = self._tools.send("Runtime.getHeapUsage")["usedSize"]
        metrics = {one["name"]: one["value"] for one in self._tools.send("Performance.getMetrics")["metrics"]}
        processes = self._browser.send("SystemInfo.getProcessInfo")["processInfo"]
        return {
            "heap_mb": heap / 2**20, "nodes": metrics["Nodes"], "listeners": metrics["JSEventListeners"],
            "rows": self.page.evaluate("() => document.querySelectorAll('tbody tr').length"),
            "spare_nodes": self.page.evaluate(SPARE_NODES),
            "browser_mb": sum(megabytes(int(one["id"])) for one in processes),
        }  # fmt: skip

    def wait_until_shown(self, since: float) -> float | None:
        """Return the moment at which the page was changed after `since` (both in ms), None when it was not."""
        deadline = time.monotonic() + WITHIN
        while time.monotonic() < deadline:
            shown = self.page.evaluate("() => window.lastShown ?? 0")
            if shown >= since:
                return float(shown)
            self.page.wait_for_timeout(20)
        return None


def megabytes(process: int) -> float:
    """Return the resident memory of a process."""
    words = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", words)
    if found is None:
        raise SystemExit("no memory to be seen")
    return int(found[1]) / 1024


def main() -> None:
    """Watch and print."""
    parser = argparse.ArgumentParser(description="Let a TV hang in the hall for a while.")
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--every", type=float, default=60, help="seconds from one sample to the next")
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="checkin-bench-") as folder,
        _hall(Path(folder), is_postgres=asked.postgres) as (address, crowd),
        sync_playwright() as playwright,
    ):
        arguments = launch_arguments(playwright)
        arguments["args"].append("--autoplay-policy=no-user-gesture-required")
        browser = playwright.chromium.launch(**arguments)
        figures = _watch(Screen(browser, address), _changer(address, crowd), asked.seconds, asked.every)
        browser.close()
    print(json.dumps({"bench": "tv", "database": "postgresql" if asked.postgres else "sqlite"} | figures))


@contextmanager
def _hall(folder: Path, *, is_postgres: bool) -> Iterator[tuple[str, Crowd]]:
    """Yield the address of a server whose event has a full board, and who works there."""
    if is_postgres:
        with running_postgres(Durability.ON_DISK) as server, _served(server.new_database(), folder) as hall:
            yield hall
    else:
        with _served(f"sqlite:///{folder / 'bench.sqlite3'}", folder) as hall:
            yield hall


@contextmanager
def _served(url: str, folder: Path) -> Iterator[tuple[str, Crowd]]:
    settings = Settings(database_url=url, secret_key=SECRET_KEY, instance_folder=folder)
    make_tables(url, folder)
    app = create_app(settings.model_copy(update={"worker_inside": False}))
    cast = cast_of(app, tickets_in_hand=0, tv_chime=True, tv_spoken_call=True)
    live(app).stop()
    close(app)
    with running_server(settings, app="bench.tv:create_changing_app()", threads=256) as address:
        yield address, _crowd(cast)


def _crowd(cast: Cast) -> Crowd:
    experts = {"STQ": cast.emil.id, "T60": cast.emil.id, "API": cast.tove.id}
    return Crowd(cast.event_id, cast.vera.id, experts, list(cast.products.values()))


def _changer(address: str, crowd: Crowd) -> Callable[[], dict[str, Any]]:
    body = json.dumps(asdict(crowd)).encode()
    asked = Request(f"{address}/bench/change", data=body, headers={"Content-Type": "application/json"})

    def change() -> dict[str, Any]:
        with urlopen(asked, timeout=30) as answer:
            made: dict[str, Any] = json.load(answer)
        return made

    return change


def _watch(screen: Screen, change: Callable[[], dict[str, Any]], seconds: float, every: float) -> dict[str, Any]:
    """Let something happen each second, sample now and then, and return the figures."""
    for _ in range(FILLED):
        change()
    samples, late, missed = Samples(), list[float](), 0
    begin = time.monotonic()
    sample_at = 0.0
    changes = 0
    while (elapsed := time.monotonic() - begin) < seconds:
        made = change()
        changes += 1
        shown = screen.wait_until_shown(made["at"])
        if shown is None:
            missed += 1
        else:
            late.append(shown - made["at"])
        if elapsed >= sample_at:
            samples.add(elapsed, **screen.counted(), server_mb=megabytes(made["process"]))
            print(round(elapsed), {name: round(one[-1], 2) for name, one in samples.counted.items()}, file=sys.stderr)
            sample_at += every
        screen.page.wait_for_timeout(max(1000 * (changes - (time.monotonic() - begin)), 0))
    late.sort()
    return {
        "seconds": round(seconds), "changes": changes, "missed": missed, "samples": len(samples.at),
        **samples.trends(), "is_same": _is_same(screen.page), "complaints": screen.complaints[:5],
        "late_ms": {
            "p50": round(statistics.median(late)), "p99": round(late[int(len(late) * 0.99)]), "most": round(late[-1])
        },
    }  # fmt: skip


def _is_same(page: Page) -> bool:
    """Tell whether the page's rows are those of the fragment that the server would answer now."""
    shown = "() => [...document.querySelectorAll('tbody tr')].map((row) => row.id + row.dataset.call).join()"
    there = """async () => {
      const answer = await fetch(location.href, {headers: {"HX-Request": "true"}, cache: "no-store"});
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      return [...page.querySelectorAll("tbody tr")].map((row) => row.id + row.dataset.call).join();
    }"""
    return bool(page.evaluate(shown) == page.evaluate(there))


if __name__ == "__main__":
    main()
