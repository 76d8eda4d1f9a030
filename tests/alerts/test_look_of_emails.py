"""An email's colours can be read in the light, in the dark, and where a mail program turns them round by itself."""

import colorsys
import re
from itertools import pairwise

import pytest

from checkin.config import ROOT

SOURCE = (ROOT / "templates" / "mail" / "message.html").read_text(encoding="utf-8")
SHEET = SOURCE[SOURCE.index("prefers-color-scheme: dark") : SOURCE.index("</style>\n  </head>")]
# What stands on what, by the classes of the sheet.
ON = {"ink": ("sheet", "note"), "quiet": ("sheet",), "button": ("button",)}


def luminance(colour: str) -> float:
    parts = [int(part, 16) / 255 for part in re.findall("..", colour.removeprefix("#"))]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def turned_round(colour: str) -> str:
    """Return the colour as a mail program makes it dark by itself: the same hue, light and dark exchanged."""
    parts = [int(part, 16) / 255 for part in re.findall("..", colour.removeprefix("#"))]
    hue, light, saturation = colorsys.rgb_to_hls(*parts)
    return "#" + "".join(f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, 1 - light, saturation))


def in_the_light(name: str) -> tuple[str, str]:
    """Return background and ink that stand in the style of the elements of this class."""
    style = re.search(rf'class="(?:[a-z]+ )?{name}(?: [a-z]+)?"[^>]*style="([^"]+)"', SOURCE)
    assert style, name
    return colour_of(style[1], "background-color"), colour_of(style[1], "color")


def in_the_dark(name: str) -> tuple[str, str]:
    rules = [body for names, body in re.findall(r"([^{}]+) \{([^}]+)\}", SHEET) if f".{name}" in names.split(",")[-1]]
    joined = ";".join(rules)
    return colour_of(joined, "background-color"), colour_of(joined, "color")


def colour_of(style: str, what: str) -> str:
    found = re.search(rf"(?<![-a-z]){what}: (#[0-9a-f]{{6}})", style)
    return found[1] if found else ""


@pytest.mark.parametrize(("ink", "paper"), [(ink, paper) for ink, papers in ON.items() for paper in papers])
def test_every_ink_can_be_read_on_its_paper(ink: str, paper: str) -> None:
    light = in_the_light(paper)[0], in_the_light(ink)[1]
    dark = in_the_dark(paper)[0], in_the_dark(ink)[1]
    for ground, colour in (light, dark, tuple(map(turned_round, light))):
        assert contrast(ground, colour) >= 4.5, (ground, colour)


def test_where_a_background_is_set_the_ink_is_set_as_well() -> None:
    """Else a program that exchanges only one of the two leaves dark on dark."""
    for style in re.findall(r'class="[^"]*(?:sheet|note|button)[^"]*"[^>]*style="([^"]+)"', SOURCE):
        assert colour_of(style, "background-color")
        assert colour_of(style, "color")


def test_nothing_is_fetched_and_nobody_is_followed() -> None:
    assert not re.search(r"src=|url\(|@import|@font-face|<img|<link|<script", SOURCE)
    assert set(re.findall(r'href="([^"]+)"', SOURCE)) == {"{{ link }}", "{{ piece.words }}"}


def test_tables_carry_the_layout_and_say_that_they_are_none() -> None:
    tables = re.findall(r"<table[^>]*>", SOURCE)
    assert tables
    assert all('role="presentation"' in table and 'cellpadding="0"' in table for table in tables)


def test_headlines_and_words_come_in_the_order_in_which_they_are_read() -> None:
    places = [SOURCE.index(words) for words in ("{{ headline }}</h1>", "{{ greeting }}", "{{ button }}", "{{ why }}")]
    assert all(first < second for first, second in pairwise(places))
