"""Texts are counted as the network counts them: worked examples of 3GPP TS 23.038, and properties of all texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin.alerts.segments import Encoding, beyond_gsm, count_segments, encoding_of, is_gsm

# The default alphabet of TS 23.038, 6.2.1, row by row (b4..b1) as the standard prints it; 0x1B is the escape itself.
DEFAULT_ALPHABET = (
    "@Δ 0¡P¿p",
    "£_!1AQaq",
    '$Φ"2BRbr',
    "¥Γ#3CScs",
    "èΛ¤4DTdt",
    "éΩ%5EUeu",
    "ùΠ&6FVfv",
    "ìΨ'7GWgw",
    "òΣ(8HXhx",
    "ÇΘ)9IYiy",
    "\nΞ*:JZjz",
    "Ø\x1b+;KÄkä",
    "øÆ,<LÖlö",
    "\ræ-=MÑmñ",
    "Åß.>NÜnü",
    "åÉ/?O§oà",
)
# The extension table of 6.2.1.1: each of these is the escape and one more place.
EXTENSION = "\f^{}\\[~]|€"
BASIC = [one for row in DEFAULT_ALPHABET for one in row if one != "\x1b"]
gsm_texts = st.text(st.sampled_from([*BASIC, *EXTENSION]), max_size=700)
any_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def test_the_default_alphabet_has_its_127_characters_and_each_takes_one_place() -> None:
    assert len(set(BASIC)) == len(BASIC) == 127
    for one in BASIC:
        assert encoding_of(one) is Encoding.GSM_7
        assert (count_segments(one * 160), count_segments(one * 161)) == (1, 2)


def test_each_character_of_the_extension_table_takes_two_places() -> None:
    assert len(EXTENSION) == 10
    for one in EXTENSION:
        assert encoding_of(one) is Encoding.GSM_7
        assert (count_segments(one * 80), count_segments(one * 80 + "a")) == (1, 2)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 459, 3),
        ("a" * 460, 4),
        # 79 pairs and two more are 160, with one more 161.
        ("€" * 79 + "aa", 1),
        ("€" * 79 + "aaa", 2),
        # 76 pairs are 152: a pair does not fit into the one place that is left of 153.
        ("€" * 76 + "a" * 154, 2),
        ("€" * 152, 2),
        ("€" * 153, 3),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        # 33 of them are 66: the 34th begins the next segment although one place is left.
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),
        ("😀" * 67, 3),
        ("ж" + "😀" * 33, 1),
        ("ж" * 67 + "😀" * 33, 2),
        ("ж" * 66 + "😀" * 34, 3),
        # One character beyond GSM-7 turns all of it to UCS-2.
        ("a" * 69 + "\u2019", 1),
        ("a" * 70 + "\u2019", 2),
        ("a" * 160 + "ç", 3),
    ],
)
def test_worked_examples(text: str, segments: int) -> None:
    assert count_segments(text) == segments


def units(text: str) -> list[int]:
    """Return how many places each character takes, by another way than the code's."""
    if all(one in BASIC or one in EXTENSION for one in text):
        return [1 + (one in EXTENSION) for one in text]
    return [len(one.encode("utf-16-be")) // 2 for one in text]


def packed(text: str) -> list[list[int]]:
    """Put the characters into segments as a phone would cut them: never through one of them."""
    room = 153 if encoding_of(text) is Encoding.GSM_7 else 67
    parts: list[list[int]] = [[]]
    for size in units(text):
        if sum(parts[-1]) + size > room:
            parts.append([])
        parts[-1].append(size)
    return parts


@given(st.one_of(gsm_texts, any_texts))
def test_a_text_takes_one_segment_or_as_many_as_its_uncut_characters_fill(text: str) -> None:
    alone = 160 if encoding_of(text) is Encoding.GSM_7 else 70
    expected = 1 if sum(units(text)) <= alone else len(packed(text))
    assert count_segments(text) == expected


@given(st.one_of(gsm_texts, any_texts), st.characters(exclude_categories=["Cs"]))
def test_one_more_character_never_makes_a_text_shorter(text: str, more: str) -> None:
    assert count_segments(text + more) >= count_segments(text)


@given(any_texts)
def test_what_lies_beyond_gsm_is_named_once_and_is_what_makes_it_ucs_2(text: str) -> None:
    beyond = beyond_gsm(text)
    assert len(set(beyond)) == len(beyond)
    assert (encoding_of(text) is Encoding.UCS_2) == bool(beyond)
    assert is_gsm("".join(one for one in text if one not in beyond))
