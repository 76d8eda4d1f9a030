"""How long people wait for a check-in and a take while the provider is away and hundreds of texts wait."""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Final
from urllib.parse import urlencode, urlsplit

from bench.faults.desk import Desk
from bench.faults.table import Line
from bench.faults.worker import Route
from checkin.config import Settings
from checkin.models import Channel
from tests.support.crowd import SignedIn
from tests.support.server import running_server

ROUNDS, PAIRS = 4, 40
SLOWER_AT_MOST: Final = 1.3
_numbers = iter(range(3_000_000, 9_999_999))


def as_fast_as_before(desk: Desk, waiting: int) -> Line:
    """Compare check-ins and takes in rounds that take turns: nothing waits, and the provider refuses all that wait."""
    began = time.monotonic()
    route = desk.route(Channel.TEXT)
    quiet: list[float] = []
    refused: list[float] = []
    with _served(desk, route) as address:
        client = _Client(address, desk)
        client.check_in_and_take(PAIRS)
        for _ in range(ROUNDS):
            desk.clear()
            quiet += client.check_in_and_take(PAIRS)
            desk.twilio.stop()
            desk.call(waiting, channel=Channel.TEXT)
            refused += client.check_in_and_take(PAIRS)
            desk.twilio.start()
    ratio = _p95(refused) / _p95(quiet)
    seen = f"p95 {_p95(refused) * 1000:.0f} ms beside {_p95(quiet) * 1000:.0f} ms: {ratio:.2f} times"
    fault = f"check-in and take while the provider refuses and {waiting} texts wait"
    expected = f"p95 at most {SLOWER_AT_MOST} times that of a quiet outbox"
    return Line(
        fault, desk.name, ROUNDS * PAIRS * 2, expected, seen, time.monotonic() - began, ratio <= SLOWER_AT_MOST
    )  # fmt: skip


@contextmanager
def _served(desk: Desk, route: Route) -> Iterator[str]:
    given = route.settings().model_dump(exclude_unset=True) | {
        "worker_inside": True, "instance_folder": desk.settings.instance_folder, "outbox_poll_seconds": 0.5,
    }  # fmt: skip
    with running_server(Settings(**given), processes=1, threads=16) as address:
        yield address


class _Client:
    """One connection on which a volunteer and an expert work in turn."""

    def __init__(self, address: str, desk: Desk) -> None:
        parts = urlsplit(address)
        self.connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        self.crowd = desk.crowd
        self.product = next(iter(desk.crowd.product_ids()[f"Product {code}"] for code in desk.crowd.codes))

    def check_in_and_take(self, pairs: int) -> list[float]:
        """Check somebody in and take somebody, that often; return how long each answer took, in seconds."""
        waits = []
        for _ in range(pairs):
            number = next(_numbers)
            form = {
                "submission_id": str(uuid.uuid4()), "first_name": "Carla", "last_name": f"Jones {number}",
                "email": f"carla{number}@example.org", "phone": f"+1415{number}", "language": "en",
                "product": str(self.product),
            }  # fmt: skip
            waits.append(self._post("/demo/checkin", form, self.crowd.volunteer, status=200))
            click = {"request_key": str(uuid.uuid4())}
            path = f"/demo/desk/{self.crowd.codes[0]}/take"
            waits.append(self._post(path, click, self.crowd.experts[0], status=303))
        return waits

    def _post(self, path: str, fields: dict[str, str], browser: SignedIn, *, status: int) -> float:
        headers = {"Cookie": f"checkin={browser.cookie}", "Content-Type": "application/x-www-form-urlencoded"}
        if status == 200:
            headers["HX-Request"] = "true"
        begin = time.monotonic()
        self.connection.request("POST", path, urlencode(fields | {"csrf_token": browser.csrf_token}), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        seconds = time.monotonic() - begin
        if answer.status != status:
            raise RuntimeError(f"{path} {answer.status}: {text[:600].decode()}")
        return seconds


def _p95(waits: list[float]) -> float:
    return statistics.quantiles(waits, n=20, method="inclusive")[18]
