"""Every sentence that people read can be translated, and is; no page, script or layer says one past the catalogue."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from checkin.alerts.defaults import COME_BACK, NO_MORE_TODAY, TEXTS, TEXTS_WITHOUT
from checkin.alerts.segments import is_gsm
from checkin.models.settings import DEFAULT_LANGUAGE, LANGUAGES
from tools.messages import CATALOGUES, KEYWORDS, ROOT, collected, is_translated, updated, written

TRANSLATED: Final = sorted(set(LANGUAGES) - {DEFAULT_LANGUAGE})
TEMPLATES: Final = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS: Final = sorted((ROOT / "static" / "checkin").glob("*.js"))
# Layers whose sentences reach people in their browser or in their pocket. The command line speaks English.
SPEAKING: Final = sorted(
    path
    for room in ("alerts", "forms", "live", "queueing", "reports", "routes")
    for path in (ROOT / "checkin" / room).rglob("*.py")
)
# What stands in a page as it is, in every language.
AS_IT_IS: Final = {"Checkin"}
# Attributes whose words people see or hear.
TOLD: Final = {"alt", "aria-description", "aria-label", "aria-roledescription", "label", "placeholder", "title"}
_PLACEHOLDER: Final = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
_TAG: Final = re.compile(r"</?\w+>")


@cache
def sentences() -> Catalog:
    return collected()


def catalogue_of(language: str) -> Catalog:
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def named(catalogue: Catalog) -> dict[tuple[str, str], Message]:
    """Return the sentences by themselves (the singular one of two) and by what tells them from their like."""
    return {(forms(message.id)[0], message.context or ""): message for message in catalogue if message.id}


def forms(words: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    """Return a sentence, or its plural forms, as a tuple."""
    return (words,) if isinstance(words, str) else tuple(words or ())


def translations(language: str) -> Iterator[tuple[Message, str]]:
    """Return each translated form with the message it belongs to."""
    for message in named(catalogue_of(language)).values():
        for words in forms(message.string):
            yield message, words


def is_a_text(message: Message) -> bool:
    """Tell whether this leaves as a text: it keeps to the letters of GSM-7, of which more go into a segment."""
    return forms(message.id)[0] in {
        *TEXTS.values(),
        *(words for _name, words in TEXTS_WITHOUT.values()),
        *_SAID_IN_TEXTS,
    }


_SAID_IN_TEXTS: Final = {COME_BACK, NO_MORE_TODAY}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_of_the_source_has_a_translation_and_every_translation_its_sentence(language: str) -> None:
    source, catalogue = named(sentences()), named(catalogue_of(language))
    assert sorted(source.keys() - catalogue.keys()) == [], "not in the catalogue: `make messages`, then translate"
    assert sorted(catalogue.keys() - source.keys()) == [], "nobody says this any more: `make messages`"
    assert [key for key, one in source.items() if forms(one.id) != forms(catalogue[key].id)] == []
    assert [key for key, one in catalogue.items() if not is_translated(one.string)] == []
    assert [key for key, one in catalogue.items() if one.fuzzy] == []
    assert not catalogue_of(language).obsolete


@pytest.mark.parametrize("language", TRANSLATED)
def test_plurals_have_all_the_forms_of_the_language(language: str) -> None:
    catalogue = catalogue_of(language)
    plural = [one for one in named(catalogue).values() if isinstance(one.id, tuple | list)]
    assert plural
    assert [one.id for one in plural if len(forms(one.string)) != catalogue.num_plurals] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_holds_the_same_placeholders_and_marks_as_its_sentence(language: str) -> None:
    wrong = []
    for message, words in translations(language):
        held = {placeholder for one in forms(message.id) for placeholder in _PLACEHOLDER.findall(one)}
        marks = sorted(_TAG.findall(forms(message.id)[0]))
        if set(_PLACEHOLDER.findall(words)) != held or sorted(_TAG.findall(words)) != marks:
            wrong.append(words)
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_file_stands_as_the_tool_writes_it(language: str) -> None:
    path = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
    assert path.read_text(encoding="utf-8") == written(updated(path, sentences())), "`make messages` puts it right"


def test_texts_in_french_keep_to_the_letters_that_are_cheap() -> None:
    texts = [(message, words) for message, words in translations("fr") if is_a_text(message)]
    assert texts
    assert [words for _message, words in texts if not is_gsm(re.sub(r"\{\w+\}", "", words))] == []


def test_french_is_spaced_as_french_is() -> None:
    wrong = [
        words
        for message, words in translations("fr")
        if not is_a_text(message) and re.search(r"[ \w»)][;!?]|[ \w»)}]:(?!\S)|« | »|['\"]", words)
    ]
    assert wrong == [], "no-break spaces before : ; ! ? and inside « », and a curved apostrophe"


class Words(HTMLParser):
    """Collects the words of a template that no call translates: its text, and what its attributes tell."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._is_told = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_told = tag not in {"style", "script"}
        told = TOLD | ({"value"} if tag == "input" and dict(attrs).get("type") in {"submit", "button"} else set())
        self.found += [value or "" for name, value in attrs if name in told]

    def handle_endtag(self, tag: str) -> None:
        self._is_told = True

    def handle_data(self, data: str) -> None:
        if self._is_told:
            self.found.append(data)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_says_nothing_past_the_catalogue(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{%-?\s*trans\b.*?\bendtrans\s*-?%\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{% block (face|main_id|scheme) %\}.*?\{% endblock[ \w]*%\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", text, flags=re.DOTALL)
    words = Words()
    words.feed(text)
    said = {" ".join(one.split()) for one in words.found if re.search(r"[^\W\d_]{2,}", one)}
    assert {one.strip("· ") for one in said} - AS_IT_IS == set()


def test_a_template_holds_no_sentence_in_its_expressions_past_the_catalogue() -> None:
    wrong = []
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for path in TEMPLATES:
        tree = environment.parse(path.read_text(encoding="utf-8"))
        calls = (one for one in tree.find_all(nodes.Call) if isinstance(one.node, nodes.Name))
        translated = {
            id(constant)
            for call in calls
            if isinstance(call.node, nodes.Name) and call.node.name in KEYWORDS
            for constant in call.find_all(nodes.Const)
        }
        wrong += [
            f"{path.name}: {constant.value}"
            for constant in tree.find_all(nodes.Const)
            if id(constant) not in translated and is_a_sentence(constant.value)
        ]
    assert wrong == []


def is_a_sentence(value: object) -> bool:
    """Tell whether this is more than a code: it begins like a sentence."""
    return isinstance(value, str) and bool(re.match(r"[A-Z][a-z]+( [a-z]|$|[.!?…])|[a-z]+ [a-z]+ [a-z]+", value))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_brings_no_sentences_of_its_own(path: Path) -> None:
    code = re.sub(r"(?m)(^|\s)//.*$|/\*.*?\*/", "", path.read_text(encoding="utf-8"))
    strings = re.findall(r"\"([^\"\n]*)\"|'([^'\n]*)'|`([^`]*)`", code)
    said = {one for found in strings for one in found if re.search(r"^[A-Z]?[a-z]+ [a-z]+ ?[a-z]*[.!?…]?$", one)}
    assert said == set(), "sentences come translated with the page: templates/base.html, static/checkin/words.js"


@pytest.mark.parametrize("path", SPEAKING, ids=lambda path: str(path.relative_to(ROOT / "checkin")))
def test_a_layer_that_speaks_says_nothing_past_the_catalogue(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
    passed = {id(part) for call in calls if _name(call) in QUIET | set(KEYWORDS) for part in ast.walk(call)}
    passed |= {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}  # docstrings
    said = [
        one.value
        for one in ast.walk(tree)
        if isinstance(one, ast.Constant) and id(one) not in passed and isinstance(one.value, str)
    ]
    assert [words for words in said if re.match(r"[A-Z][a-z]+ [a-z]+", words)] == []


# Calls whose words nobody reads on a page: the log, columns' notes, mistakes of programmers.
QUIET: Final = {
    "mapped_column", "debug", "info", "warning", "error", "exception", "TypeError", "ValueError", "RuntimeError",
    "LookupError", "AssertionError", "SettingsError",
}  # fmt: skip


def _name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""
