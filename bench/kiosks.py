"""How long 20 kiosks at once wait for the answer to a check-in.

Each kiosk sends the form as htmx does, with every field filled and somebody new each time, gets the page with the key,
the estimate and the QR code, and asks for the clean form. Nine teams have people waiting and a morning's history.

- paced: each kiosk checks somebody in every 2 to 4 seconds, which is faster than people can type;
- burst: all 20 press at the same moment, again and again.

On PostgreSQL with commits on disk behind gunicorn with two processes, and on SQLite as `make run` serves it (one
process, commits on disk). Kiosks, server and database share this machine. Prints one line of JSON, in milliseconds.
"""

import json
import random
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from bench.queues import OurDesk, desk_on, our_desk
from checkin.models import StatusCode
from checkin.queueing.taking import take_next
from checkin.queueing.transitions import change_status
from tests.support.postgres import Durability, running_postgres
from tests.support.server import running_server
from tests.support.serving import serving

KIOSKS, ROUNDS, BURSTS, WAITING, SERVED = 20, 8, 12, 90, 5
THINKS = (2.0, 4.0)
_numbers = iter(range(2_000_000, 9_999_999))


@dataclass
class Waits:
    """How long the answers took, in seconds."""

    posts: list[float] = field(default_factory=list)
    gets: list[float] = field(default_factory=list)


def main() -> None:
    """Measure and print."""
    figures: dict[str, object] = {"bench": "kiosks", "kiosks": KIOSKS}
    with (
        running_postgres(Durability.ON_DISK) as server,
        our_desk(server, tickets=WAITING) as desk,
        running_server(desk.settings, processes=2, threads=16) as address,
    ):
        figures["postgresql"] = measured(address, desk)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'checkin.sqlite3'}"
        with desk_on(url, tickets=WAITING) as desk, serving(desk.settings) as address:
            figures["sqlite"] = measured(address, desk)
    print(json.dumps(figures))


def measured(address: str, desk: OurDesk) -> dict[str, float]:
    """Return the figures of one server."""
    live_through_a_morning(desk)
    kiosks = [Kiosk(address, desk, number) for number in range(KIOSKS)]
    with ThreadPoolExecutor(KIOSKS) as pool:
        list(pool.map(lambda kiosk: kiosk.check_in(Waits()), kiosks))
        paced, burst = Waits(), Waits()
        list(pool.map(lambda kiosk: kiosk.work(paced), kiosks))
        together = threading.Barrier(KIOSKS)
        list(pool.map(lambda kiosk: kiosk.press_together(together, burst), kiosks))
    return {
        "paced_p50": share(paced.posts, 50), "paced_p95": share(paced.posts, 95), "form_p95": share(paced.gets, 95),
        "burst_p50": share(burst.posts, 50), "burst_p95": share(burst.posts, 95),
    }  # fmt: skip


def share(waits: Sequence[float], percent: int) -> float:
    """Return a percentile in milliseconds."""
    return round(statistics.quantiles(waits, n=100, method="inclusive")[percent - 1] * 1000, 1)


def live_through_a_morning(desk: OurDesk) -> None:
    """Let every team have helped a few people, so that there is something to estimate from."""
    cast = desk.crowd.cast
    for number, code in enumerate(code for code in desk.codes for _ in range(SERVED)):
        expert = desk.experts[number % len(desk.experts)].someone.id
        with cast.writing() as session:
            taken = take_next(
                session, event_id=cast.event_id, team_code=code, expert_id=expert, request_key=str(uuid.uuid4())
            )
        with cast.writing() as session:
            change_status(
                session, taken.key, event_id=cast.event_id, to=StatusCode.RESOLVED, by=expert, version=None
            )  # fmt: skip


class Kiosk:
    """One kiosk with its keep-alive connection."""

    def __init__(self, address: str, desk: OurDesk, number: int) -> None:
        parts = urlsplit(address)
        self.connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        self.browser = desk.crowd.volunteer
        ids = desk.crowd.product_ids()
        self.products = [ids[f"Product {code}"] for code in desk.codes]
        self.random = random.Random(number)

    def work(self, waits: Waits) -> None:
        """Check people in, one after the other, with time to type between them."""
        for _ in range(ROUNDS):
            time.sleep(self.random.uniform(*THINKS))
            self.check_in(waits)

    def press_together(self, together: threading.Barrier, waits: Waits) -> None:
        """Check people in at the same moment as all others."""
        for _ in range(BURSTS):
            together.wait()
            self.check_in(waits)
            time.sleep(0.5)

    def check_in(self, waits: Waits) -> None:
        """Send the form, read the success, ask for the clean form."""
        number = next(_numbers)
        fields = {
            "submission_id": str(uuid.uuid4()), "first_name": "Carla", "last_name": f"Jones {number}",
            "email": f"carla{number}@example.org", "phone": f"+1415{number}", "notes": "the chart is empty",
            "language": "en", "product": str(self.random.choice(self.products)),
            "csrf_token": self.browser.csrf_token,
        }  # fmt: skip
        waits.posts.append(self._ask("POST", urlencode(fields), shows=b"done__key"))
        waits.gets.append(self._ask("GET", None, shows=b"checkin-form"))

    def _ask(self, method: str, body: str | None, *, shows: bytes) -> float:
        headers = {"Cookie": f"checkin={self.browser.cookie}", "HX-Request": "true"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        begin = time.monotonic()
        self.connection.request(method, "/demo/checkin", body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        seconds = time.monotonic() - begin
        if answer.status != 200 or shows not in text:
            raise RuntimeError(f"{method} {answer.status}: {text[:600].decode()}")
        return seconds


if __name__ == "__main__":
    main()
