"""Reads pages as a browser would: its forms with their hidden fields, and what stands beside a field."""

import re
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

HTMX = {"HX-Request": "true"}


class _Forms(HTMLParser):
    """Collects the forms of a page: action and the values that would be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self._area: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append((given.get("action", ""), {}))
        if not self.forms:
            return
        fields = self.forms[-1][1]
        name = given.get("name")
        if tag == "textarea" and name:
            self._area = name
            fields[name] = ""
        if tag == "input" and name and given.get("type") not in {"submit", "button"}:
            if given.get("type") in {"radio", "checkbox"} and "checked" not in given:
                return
            fields[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self._area is not None:
            fields = self.forms[-1][1]
            # The first line break of a textarea belongs to the markup.
            fields[self._area] += data if fields[self._area] else re.sub(r"^\r?\n", "", data)


def form_of(page: TestResponse, action: str) -> dict[str, str]:
    """Return the fields of the form whose action ends with `action`, as they would be sent."""
    parser = _Forms()
    parser.feed(page.text)
    for found, fields in parser.forms:
        if (found or page.request.path).endswith(action):
            return fields
    raise AssertionError(f"no form for {action} among {[found for found, _ in parser.forms]}")


def words_of(page: TestResponse) -> str:
    """Return what the page says, in one line."""
    parser = _Forms()
    parser.feed(page.text)
    return re.sub(r"\s+", " ", " ".join(parser.text)).strip()


def error_beside(page: TestResponse, field: str) -> str:
    """Return the words that stand beside a field and are tied to it; empty when it is fine."""
    found = re.search(rf'<p[^>]*\bid="({field}-(?:problem|question))"[^>]*>(.*?)</p>', page.text, re.S)
    if found is None:
        return ""
    tied = re.search(rf'<(?:input|textarea|select|fieldset)[^>]*aria-describedby="[^"]*\b{found.group(1)}\b', page.text)
    assert tied, f"nothing ties {found.group(1)} to its field"
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found.group(2))).strip()


def post(client: FlaskClient, page: str, action: str, *, htmx: bool = False, **changes: Any) -> TestResponse:
    """Open `page`, change some fields of the form for `action`, and send it."""
    fields = form_of(client.get(page), action)
    fields |= {name: str(value) for name, value in changes.items()}
    return client.post(action, data=fields, headers=HTMX if htmx else {})
