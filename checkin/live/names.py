"""A customer's name as the event shows it in public (docs/specification.md, 6.3)."""

import unicodedata
from typing import Final

from checkin.models import BoardNames

_JOINER: Final = "\u200d"
_ISOLATE: Final = "\u2068"
_END: Final = "\u2069"
_FROM_RIGHT: Final = frozenset({"R", "AL"})


def shown_name(first_name: str, last_name: str, names: BoardNames) -> str:
    """Return a customer's name as the event shows it in public: "Ada Lovelace", "Ada L." or nothing but the key."""
    if names is BoardNames.KEY_ONLY:
        return ""
    if names is BoardNames.FULL:
        return f"{first_name} {last_name}".strip()
    first_letter = initial(last_name)
    if not first_letter:
        return first_name
    short = f"{first_letter}."
    # A name in two directions: the full stop belongs to its letter, which would be read as the end of the other one.
    if _runs_from_right(first_name) != _runs_from_right(first_letter):
        short = f"{_ISOLATE}{short}{_END}"
    return f"{first_name} {short}"


def initial(name: str) -> str:
    """Return the first letter of a name as people see it, with its accents; of a name without letters its first sign.

    Scripts differ in what a letter is made of: marks, joiners and variation selectors stay with what they change.
    """
    signs = _signs(name)
    return next((sign for sign in signs if sign[0].isalnum()), signs[0] if signs else "")


def _runs_from_right(name: str) -> bool:
    strong = (unicodedata.bidirectional(character) for character in name)
    return next((way for way in strong if way in _FROM_RIGHT | {"L"}), "L") in _FROM_RIGHT


def _signs(name: str) -> list[str]:
    signs: list[str] = []
    for character in name:
        if signs and _belongs(signs[-1], character):
            signs[-1] += character
        elif not character.isspace() and unicodedata.category(character) not in {"Cc", "Cf"}:
            signs.append(character)
    return signs


def _belongs(sign: str, character: str) -> bool:
    """Tell whether `character` changes or continues the sign before it (a short form of Unicode's annex 29)."""
    if unicodedata.category(character) in {"Mn", "Mc", "Me"} or character == _JOINER:
        return True
    if sign[-1] == _JOINER or "\U0001f3fb" <= character <= "\U0001f3ff" or "\U000e0020" <= character <= "\U000e007f":
        return True
    return len(sign) == 1 and all("\U0001f1e6" <= one <= "\U0001f1ff" for one in (sign, character))
