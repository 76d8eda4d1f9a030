"""Run the faults and print the table: `python -m bench.faults [--quick] [--write]` (`make faults`).

--quick: 5 times each instead of 50, 500 rows instead of 5,000 (a look, not the figures of the docs).
--write: put the table into docs/reliability.md.
--only WORD: only what has this word in its name.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final

from bench.faults import crowds, outage, providers, stale
from bench.faults.desk import Desk, fault_desk
from bench.faults.kills import LOOKED_UP, killed, stopped
from bench.faults.table import Line, Table
from bench.faults.worker import Step
from checkin.config import ROOT
from checkin.models import Channel
from tests.support.postgres import running_postgres

BEGIN: Final = "<!-- the table: make faults -->\n"
END: Final = "<!-- end of the table -->\n"

Run = tuple[str, Callable[[Desk], Line]]


def main() -> int:
    """Run everything; 0 when all is as expected."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    table = Table()
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres())
        for name, database in (("PostgreSQL", server), ("SQLite", None)):
            with fault_desk(name, database) as desk:
                for title, run in runs(quick=asked.quick):
                    if asked.only in title:
                        table.add(run(desk))
    print(f"\n{table.markdown()}")
    if asked.write:
        _write(table.markdown())
    return 0 if table.holds else 1


def runs(*, quick: bool) -> Iterator[Run]:
    """Yield every run with its name."""
    times, rows, waiting = (5, 500, 50) if quick else (50, 5_000, 500)
    for channel in Channel:
        for step in Step:
            if channel is Channel.TEXT or step not in LOOKED_UP:
                yield f"{channel} killed {step}", lambda desk, c=channel, s=step: killed(desk, c, s, times)  # type: ignore[misc]
        for step in (Step.LEASED, Step.WRITING, Step.ANSWERED):
            yield f"{channel} stopped {step}", lambda desk, c=channel, s=step: stopped(desk, c, s, times // 5)  # type: ignore[misc]
    for workers in (2, 4, 8):
        yield f"{workers} workers", lambda desk, w=workers: crowds.together(desk, w, rows)  # type: ignore[misc]
    for fault in providers.TEXT_FAULTS:
        yield f"provider {fault.name}", lambda desk, f=fault: providers.texts(desk, f, times)  # type: ignore[misc]
    for keeps in (True, False):
        yield "dropped mail", lambda desk, k=keeps: providers.dropped_mail(desk, times, keeps=k)  # type: ignore[misc]
    yield "gone for half an hour", lambda desk: stale.gone_for_half_an_hour(desk, waiting)
    yield "as fast as before", lambda desk: outage.as_fast_as_before(desk, waiting)
    yield "put back meanwhile", lambda desk: stale.put_back_meanwhile(desk, times * 4)
    yield "jumping clock", lambda desk: stale.jumping_clock(desk, times * 2)


def _write(markdown: str) -> None:
    page = ROOT / "docs" / "reliability.md"
    text = page.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n{markdown}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
