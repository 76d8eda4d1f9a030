"""The look stands on one file of tokens: every colour comes from there, and can be read in light and in dark."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STYLES = ROOT / "static" / "checkin"
SHEETS = sorted(STYLES.glob("*.css"))
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if "mail" not in path.parts)
TOKENS = (STYLES / "tokens.css").read_text(encoding="utf-8")
LIGHT, DARK_BY_WISH, DARK_BY_NAME = (
    dict(re.findall(r"(--[\w-]+|color-scheme):\s*([^;]+);", block))
    for block in re.findall(r":root[^{]*\{([^}]*)\}", TOKENS)
)
TEXT = [
    (words, ground)
    for words in ("ink", "quiet", "accent", "waiting", "called", "helped", "held", "closed", "wrong")
    for ground in ("paper", "surface")
] + [
    ("quiet", "sunk"), ("ink", "sunk"), ("on-accent", "accent"), ("on-accent", "accent-strong"), ("ink", "called-soft"),
    ("called", "called-soft"), ("wrong", "wrong-soft"), ("on-call", "call"), ("on-call-quiet", "call"),
]  # fmt: skip


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as #rrggbb (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[start:end], 16) / 255 for start, end in pairwise((1, 3, 5, 7))]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_dark_is_the_same_whether_the_system_or_the_page_asks_for_it() -> None:
    assert DARK_BY_WISH == DARK_BY_NAME
    assert set(DARK_BY_WISH) <= set(LIGHT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("words", "ground"), TEXT)
def test_words_can_be_read(words: str, ground: str, scheme: str) -> None:
    tokens = LIGHT | (DARK_BY_WISH if scheme == "dark" else {})
    assert contrast(tokens["--" + words], tokens["--" + ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_can_be_used_has_an_edge_that_is_seen(scheme: str) -> None:
    tokens = LIGHT | (DARK_BY_WISH if scheme == "dark" else {})
    for ground in ("--paper", "--surface"):
        assert contrast(tokens["--edge"], tokens[ground]) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_tv_words_have_seven_to_one(scheme: str) -> None:
    (own,) = re.findall(r"\.tv\[data-scheme=\"light\"\][^{]*\{([^}]*)\}", TOKENS)
    light = LIGHT | dict(re.findall(r"(--[\w-]+):\s*([^;]+);", own))
    tokens = DARK_BY_NAME if scheme == "dark" else light
    for words in ("ink", "quiet", "waiting", "called", "helped"):
        assert contrast(tokens["--" + words], tokens["--paper"]) >= 7
    assert contrast(tokens["--ink"], tokens["--called-soft"]) >= 7


@pytest.mark.parametrize(
    "sheet", [sheet for sheet in SHEETS if sheet.name != "tokens.css"], ids=lambda sheet: sheet.name
)
def test_colours_come_from_the_tokens_and_every_token_is_there(sheet: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{}]*\{)|\b(?:rgb|hsl)a?\(", text)
    own = set(re.findall(r"(--[\w-]+):", text))
    assert set(re.findall(r"var\((--[\w-]+)\)", text)) <= set(LIGHT) | own


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    sprite = (ROOT / "static" / "vendor" / "icons.svg").read_text(encoding="utf-8")
    drawn = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    text = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES)
    assert set(re.findall(r'icon\("([^"]+)"\)', text)) <= drawn
    named = set(re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)*)"', text))
    assert drawn <= named, "icons that no page uses"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_pages_carry_no_style_and_no_script_of_their_own(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"<style\b|\sstyle=", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
