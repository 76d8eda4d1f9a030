"""What an expert typed for somebody to take home: only typed-out http and https addresses become links."""

import pytest

from checkin.alerts.survey_links import with_parameters
from checkin.alerts.taking_home import lines_of


def links(advice: str) -> list[str]:
    return [piece.words for line in lines_of(advice) for piece in line if piece.is_link]


@pytest.mark.parametrize(
    ("advice", "found"),
    [
        ("See https://a.example.org/x.", ["https://a.example.org/x"]),
        ("(https://a.example.org/x_(y)), or HTTP://B.example.org?", ["https://a.example.org/x_(y)", "HTTP://B.example.org"]),
        ("https://a.example.org/?q=1&r=2#top; then rest", ["https://a.example.org/?q=1&r=2#top"]),
        ("<https://a.example.org/> and “https://b.example.org”", ["https://a.example.org/", "https://b.example.org"]),
        ("www.example.org, carla@example.org, javascript:alert(1), ftp://x.org, //x.org", []),
        ("https:// and http://.", []),
        ("", []),
    ],
)  # fmt: skip
def test_addresses_are_found_without_the_signs_around_them(advice: str, found: list[str]) -> None:
    assert links(advice) == found


def test_nothing_that_was_typed_is_lost_and_lines_stay_lines() -> None:
    advice = "First: https://a.example.org/x, then\n\nhttps://b.example.org rest"
    assert ["".join(piece.words for piece in line) for line in lines_of(advice)] == advice.split("\n")


def test_what_cannot_be_seen_is_not_taken_home() -> None:
    [[piece]] = lines_of("\u202eabc\x07def")
    assert piece.words == "abc def"


@pytest.mark.parametrize(
    ("address", "becomes"),
    [
        ("https://s.example.org", "https://s.example.org?SupportRep=A%20%26%20B"),
        ("https://s.example.org/?", "https://s.example.org/?SupportRep=A%20%26%20B"),
        ("https://s.example.org/x?a=%20b", "https://s.example.org/x?a=%20b&SupportRep=A%20%26%20B"),
        ("https://s.example.org/x?a=1&", "https://s.example.org/x?a=1&SupportRep=A%20%26%20B"),
        ("https://s.example.org/x#y?z", "https://s.example.org/x?SupportRep=A%20%26%20B#y?z"),
    ],
)
def test_parameters_come_after_what_is_there_and_before_the_fragment(address: str, becomes: str) -> None:
    assert with_parameters(address, {"SupportRep": "A & B", "RepEmail": ""}) == becomes
