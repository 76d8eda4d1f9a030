"""Finds English sentences where another language is spoken."""

import re
from functools import cache
from html.parser import HTMLParser

from babel.messages.pofile import read_po

from tools.messages import CATALOGUES

_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|<[^>]+>")
# Attributes whose words are seen or heard, now or when a script says them.
_TOLD = {"alt", "aria-label", "aria-description", "label", "placeholder", "title"}


class _Said(HTMLParser):
    """Collects what a page says: its text, and what its attributes hold for eyes, ears and scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._is_told = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._is_told = tag not in {"style", "script"}
        self.words += [value for name, value in given.items() if name in _TOLD or name.startswith("data-")]
        if tag == "form" and given.get("method") == "post":
            self.forms.append((given.get("action", ""), {}))
        if tag == "input" and given.get("type") == "hidden" and self.forms:
            self.forms[-1][1][given.get("name", "")] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._is_told:
            self.words.append(data)


def said_by(html: str) -> str:
    """Return all that a page says, in one line."""
    return _one_line(" ".join(_parsed(html).words))


def forms_of(html: str) -> list[tuple[str, dict[str, str]]]:
    """Return action and hidden fields of each form of a page that changes something."""
    return _parsed(html).forms


def english_in(text: str) -> list[str]:
    """Return the English sentences of the catalogue that `text` holds; only what has more than two words is sure."""
    line = _one_line(text)
    return [sentence for sentence, found in _sentences() if found.search(line)]


@cache
def _sentences() -> tuple[tuple[str, re.Pattern[str]], ...]:
    with (CATALOGUES / "fr" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale="fr")
    found = []
    for message in catalogue:
        for sentence in [message.id] if isinstance(message.id, str) else message.id:
            parts = (_one_line(part) for part in _PLACEHOLDER.split(sentence))
            longest = max(parts, key=len, default="")
            if len(re.findall(r"[^\W\d_]{2,}", longest)) > 2:
                found.append((sentence, re.compile(rf"(?<!\w){re.escape(longest)}(?!\w)")))
    return tuple(found)


def _parsed(html: str) -> _Said:
    said = _Said()
    said.feed(html)
    return said


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
