"""What an expert typed for the customer to take home, in pieces: words, and addresses that can be opened.

Only http and https become links, and only where somebody typed them out; everything else stays what it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from checkin.alerts.wording import shown

_ADDRESS: Final = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
# What ends a sentence and not an address.
_AFTER: Final = ".,;:!?'\u2019\u201d\u00bb*"
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class Piece:
    """Some words of a line, or an address in it."""

    words: str
    is_link: bool = False


def lines_of(advice: str) -> tuple[tuple[Piece, ...], ...]:
    """Return the advice line by line, each in its pieces; an empty line has none."""
    return tuple(_pieces(shown(line)) for line in advice.strip().splitlines())


def _pieces(line: str) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    done = 0
    for found in _ADDRESS.finditer(line):
        address = _without_what_follows(found[0])
        if address.endswith("//"):
            continue
        pieces += [Piece(line[done : found.start()]), Piece(address, is_link=True)]
        done = found.start() + len(address)
    pieces.append(Piece(line[done:]))
    return tuple(piece for piece in pieces if piece.words)


def _without_what_follows(address: str) -> str:
    """Return the address without the signs of the sentence that it stands in."""
    while address[-1] in _AFTER or address.count(address[-1]) > address.count(_PAIRS.get(address[-1], address[-1])):
        address = address[:-1]
    return address
