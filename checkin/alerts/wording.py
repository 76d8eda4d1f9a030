"""Puts people's words into our sentences without letting them do anything there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from checkin.i18n import translate as translate  # noqa: PLC0414 - also asked for by this name

_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+[0-9]?)\}")

# Marks that change the direction of what follows them, and the one that is invisible everywhere. The joiners
# (U+200C, U+200D) stay: scripts and emoji need them.
_UNSEEN: Final = frozenset("\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def shown(value: str) -> str:
    """Return `value` as one line without control characters and marks of direction."""
    kept = (" " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} else character for character in value)
    visible = "".join(character for character in kept if character not in _UNSEEN and not _is_surrogate(character))
    return " ".join(visible.split())


def isolated(value: str) -> str:
    """Return `value` so that what is written from right to left in it leaves the sentence around it in order.

    Only such a value is wrapped (in U+2068 and U+2069, which every reader of emails knows), so that the others stay
    what was typed.
    """
    turns = any(unicodedata.bidirectional(character) in {"R", "AL", "AN"} for character in value)
    return f"\u2068{value}\u2069" if turns else value


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put `values` into the placeholders of `template`, once: braces within a value mean nothing.

    Raises KeyError for a placeholder that `values` does not hold. What is left of spaces around an empty value is
    put right.
    """
    filled = _PLACEHOLDER.sub(lambda match: values[match[1]], template)
    # Two names beside each other are one: apart, the second would stand on the wrong side of the first.
    filled = filled.replace("\u2069 \u2068", " ")
    return re.sub(r" +(?=[ ,.!?]|$)", "", filled).strip()


def is_unseen(character: str) -> bool:
    """Tell whether nobody sees the character although it turns what follows around."""
    return character in _UNSEEN


def placeholders_of(template: str) -> set[str]:
    """Return the names of the placeholders in `template`."""
    return set(_PLACEHOLDER.findall(template))


def paragraphs_of(body: str) -> tuple[str, ...]:
    """Return the paragraphs of a body, each as one line: between two there is an empty line."""
    found = (" ".join(part.split()) for part in re.split(r"\n[ \t]*\n", body))
    return tuple(part for part in found if part)


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"
