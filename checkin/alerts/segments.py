"""How long a text is for the network: segments of GSM-7 or UCS-2 (3GPP TS 23.038)."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")  # each takes two places, the first an escape
_ALL_OF_GSM: Final = _BASIC | _EXTENDED


class Encoding(StrEnum):
    """How the network carries a text."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


def encoding_of(text: str) -> Encoding:
    """Return how the network carries the whole text."""
    return Encoding.GSM_7 if is_gsm(text) else Encoding.UCS_2


def beyond_gsm(text: str) -> str:
    """Return the characters that GSM-7 cannot carry, each once, in their order."""
    return "".join(dict.fromkeys(one for one in text if not is_gsm(one)))


def is_gsm(text: str) -> bool:
    """Tell whether GSM-7 can carry the whole text; one character beyond it turns all of it to UCS-2."""
    return _ALL_OF_GSM.issuperset(text)


def count_segments(text: str) -> int:
    """Return how many segments the network makes of `text` (1 for an empty one)."""
    gsm = is_gsm(text)
    sizes = [_size(character, gsm=gsm) for character in text]
    alone, joined = (160, 153) if gsm else (70, 67)
    if sum(sizes) <= alone:
        return 1
    if sum(sizes) == len(sizes):
        return math.ceil(len(sizes) / joined)
    segments, room = 1, joined
    for size in sizes:
        if size > room:  # what takes two places is never torn apart between two segments
            segments, room = segments + 1, joined
        room -= size
    return segments


def _size(character: str, *, gsm: bool) -> int:
    if gsm:
        return 2 if character in _EXTENDED else 1
    return 2 if ord(character) > 0xFFFF else 1
