"""What a check of `doctor` found."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is; only `wrong` makes the command fail."""

    WELL = "ok"
    WARNING = "warning"
    WRONG = "WRONG"


@dataclass(frozen=True)
class Finding:
    """What a check found, as a sentence for the operator that says what to do."""

    level: Level
    sentence: str


def well(sentence: str) -> Finding:
    """Return a finding that needs nobody."""
    return Finding(Level.WELL, sentence)


def warning(sentence: str) -> Finding:
    """Return a finding that an operator should know."""
    return Finding(Level.WARNING, sentence)


def wrong(sentence: str) -> Finding:
    """Return a finding that keeps something from working."""
    return Finding(Level.WRONG, sentence)
