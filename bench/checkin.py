"""Check-in over HTTP against the bare transaction.

16 kiosks, PostgreSQL with commits on disk, gunicorn with two processes, everything on this machine. Compared in rounds
of a few seconds that take turns:

- http: POST /demo/checkin as a kiosk sends it, with every field filled, by one light client process;
- raw: the same statements (person, look-ups, customer, counter, ticket, history) straight on the database, by two
  processes.

Check-ins of one event stand in line for its running number until their commit is on disk, so both are bound by that.
http_to_raw is the median over the rounds. Prints one line of JSON.
"""

import json
import statistics
import time
import uuid
from collections.abc import Sequence

from bench.queues import OurDesk, our_desk
from bench.raw import raw_check_ins
from tests.support.load import Script, drive, post
from tests.support.postgres import Durability, running_postgres
from tests.support.server import running_server

ROUNDS, SECONDS, KIOSKS, PROCESSES, THREADS = 4, 2.5, 16, 2, 16
_numbers = iter(range(2_000_000, 9_999_999))


def main() -> None:
    """Measure and print."""
    with running_postgres(Durability.ON_DISK) as server, our_desk(server, tickets=100) as ours:
        http, raw, waits = [], [], []
        with (
            our_desk(server, tickets=100) as bare,
            running_server(ours.settings, processes=PROCESSES, threads=THREADS) as here,
        ):
            _check_in_for(2, here, ours)
            for _ in range(ROUNDS):
                seen = _check_in_for(SECONDS, here, ours)
                waits += seen
                http.append(len(seen) / SECONDS)
                raw.append(raw_check_ins(bare, seconds=SECONDS))
    waits.sort()
    figures = {
        "bench": "checkin", "kiosks": KIOSKS, "http_per_s": round(statistics.median(http)),
        "raw_per_s": round(statistics.median(raw)),
        "http_to_raw": round(statistics.median(a / b for a, b in zip(http, raw, strict=True)), 3),
        "p50_ms": round(waits[len(waits) // 2] * 1000, 1), "p99_ms": round(waits[len(waits) * 99 // 100] * 1000, 1),
    }  # fmt: skip
    print(json.dumps(figures))


def _check_in_for(seconds: float, address: str, desk: OurDesk) -> list[float]:
    """Let every kiosk check people in as fast as the desk answers, for so long; return how long each one waited."""
    waits: list[float] = []
    ids = desk.crowd.product_ids()
    products = [ids[f"Product {code}"] for code in desk.codes]
    end = time.monotonic() + seconds
    drive(address, [_kiosk(end, desk, products, number, waits) for number in range(KIOSKS)])
    return waits


def _kiosk(end: float, desk: OurDesk, products: Sequence[int], first: int, waits: list[float]) -> Script:
    number = first
    while time.monotonic() < end:
        submission_id = str(uuid.uuid4())
        fields = {
            "submission_id": submission_id, "first_name": "Carla", "last_name": "Jones",
            # Everybody is somebody else: who shares a phone with an open ticket is asked about it.
            "phone": f"+1415{next(_numbers)}",
            "email": f"{submission_id}@example.org", "notes": "the chart is empty",
            "product": str(products[number % len(products)]),
        }  # fmt: skip
        answer = yield post("/demo/checkin", fields, desk.crowd.volunteer)
        if answer.status != 303:
            raise RuntimeError(f"{answer.status}: {answer.body[:2000].decode()}")
        waits.append(answer.seconds)
        number += 1


if __name__ == "__main__":
    main()
