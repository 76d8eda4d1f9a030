"""What the alerts' tests share: a Twilio and a mail server on loopback, and the lanes that lead there."""

from collections.abc import Iterator

import pytest

from checkin.alerts import endings
from tests.alerts.post import Post, post_of
from tests.cast import Cast
from tests.support.fake_smtp import FakeSmtp, fake_smtp
from tests.support.fake_twilio import FakeTwilio


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio() as fake:
        yield fake


@pytest.fixture
def mail_server() -> Iterator[FakeSmtp]:
    with fake_smtp() as fake:
        yield fake


class _LongestPauses:
    """In the place of `random`: a pause that happens to be next to nothing is over before the test has looked."""

    @staticmethod
    def uniform(_least: float, most: float) -> float:
        return most


@pytest.fixture
def post(rules: Cast, twilio: FakeTwilio, mail_server: FakeSmtp, monkeypatch: pytest.MonkeyPatch) -> Post:
    monkeypatch.setattr(endings, "random", _LongestPauses)
    return post_of(rules, twilio, mail_server)
