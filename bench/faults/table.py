"""The table of a fault run: what was expected, said before the run, and what was seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

COLUMNS: Final = ("fault", "database", "times", "expected", "seen", "seconds")


@dataclass(frozen=True)
class Line:
    """One fault on one database. `holds` tells whether what was seen is what was expected."""

    fault: str
    database: str
    times: int
    expected: str
    seen: str
    seconds: float
    holds: bool


@dataclass
class Table:
    """The lines so far."""

    lines: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        """Keep a line and print it."""
        self.lines.append(line)
        print(f"{'ok ' if line.holds else 'NOT'} {as_markdown(line)}", flush=True)

    @property
    def holds(self) -> bool:
        """Tell whether everything was as expected."""
        return all(line.holds for line in self.lines)

    def markdown(self) -> str:
        """Return the whole table."""
        head = f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}\n"
        return head + "".join(f"{as_markdown(line)}\n" for line in self.lines)


def as_markdown(line: Line) -> str:
    """Return the line as a row of a table."""
    seen = line.seen if line.holds else f"**{line.seen}**"
    return f"| {line.fault} | {line.database} | {line.times} | {line.expected} | {seen} | {line.seconds:.0f} |"
