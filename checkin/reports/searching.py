"""What a search finds: all its words in names, email or key, or a phone number as people write it (4.5, 4.9)."""

import re
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_, true

_WORDS_AT_MOST: Final = 6
_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*-[0-9]+")
_A_NUMBER: Final = re.compile(r"\+?(?:[\s()./-]*[0-9]){3,}[\s()./-]*")


def matching(words: str, *, texts: Sequence[Any], phone: Any, key: Any = None) -> ColumnElement[bool]:
    """Return the condition for rows that have all of `words` in these columns; a whole key is that very `key`."""
    columns = texts if key is None else (*texts, key)
    matches = and_(true(), *(_has(word, columns, phone, key) for word in words.split()[:_WORDS_AT_MOST]))
    number = _digits(words).lstrip("0") if _A_NUMBER.fullmatch(words) else ""
    # As the pages show it, a number has spaces in it and a + in front, which no word of it alone would match.
    return or_(matches, phone.contains(number, autoescape=True)) if number else matches


def _has(word: str, columns: Sequence[Any], phone: Any, key: Any) -> ColumnElement[bool]:
    if key is not None and _KEY.fullmatch(word):
        is_it: ColumnElement[bool] = key == word.upper()
        return is_it
    conditions = [column.icontains(one, autoescape=True) for column in columns for one in _as_written(word)]
    digits = _digits(word)
    if len(digits) >= 3 and len(digits) >= len(word) - 3:
        conditions.append(phone.contains(digits, autoescape=True))
    return or_(*conditions)


def _as_written(word: str) -> list[str]:
    """Return the word as it may stand in a name: a database may know the capitals of English alone."""
    return [word] if word.isascii() else list(dict.fromkeys((word, word.lower(), word.upper(), word.title())))


def _digits(words: str) -> str:
    return "".join(character for character in words if character.isdecimal())
