"""The email of an account is the same however somebody types it."""

import pytest

from checkin.people.emails import account_email, is_email


@pytest.mark.parametrize(
    "typed", ["Emil@Example.ORG", "  emil@example.org\n", "emil\x00@example.org", "emil@EXAMPLE.org"]
)
def test_capitals_and_spaces_do_not_matter(typed: str) -> None:
    assert account_email(typed) == "emil@example.org"


def test_what_cannot_be_an_email_is_simply_nobodys() -> None:
    assert account_email("no email") == "no email"
    assert len(account_email("x" * 10_000)) == 254


def test_an_email_is_told_from_other_words() -> None:
    assert [typed for typed in ("emil@example.org", "emil", "", "@example.org") if is_email(typed)] == [
        "emil@example.org"
    ]
