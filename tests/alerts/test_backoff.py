"""Pauses between tries: they grow, have an end, and are spread over their whole length (full jitter)."""

import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from checkin import clock
from checkin.alerts.endings import FIRST_PAUSE, LONGEST_PAUSE, pause_seconds, wait_again
from checkin.models import Alert, AlertState, Channel

channels = st.sampled_from(Channel)
tries = st.integers(min_value=0, max_value=100_000)


def ceiling(channel: Channel, attempts: int) -> float:
    return float(min(LONGEST_PAUSE[channel], FIRST_PAUSE * 2.0 ** min(max(attempts, 1) - 1, 60)))


@given(channels, tries)
def test_a_pause_is_never_negative_and_never_longer_than_its_ceiling(channel: Channel, attempts: int) -> None:
    assert 0.0 <= pause_seconds(channel, attempts) <= ceiling(channel, attempts) <= LONGEST_PAUSE[channel]


@given(channels, tries, st.integers())
def test_the_ceiling_grows_with_each_try(channel: Channel, attempts: int, seed: int) -> None:
    pauses = []
    for number in (attempts, attempts + 1):
        random.seed(seed)
        pauses.append(pause_seconds(channel, number))
    assert pauses[0] <= pauses[1]


@given(channels, st.integers(min_value=1, max_value=40), st.integers(min_value=0, max_value=2**32))
def test_pauses_are_spread_over_the_whole_length(channel: Channel, attempts: int, seed: int) -> None:
    random.seed(seed)
    longest = ceiling(channel, attempts)
    pauses = sorted(pause_seconds(channel, attempts) / longest for _ in range(400))
    gaps = [after - before for before, after in zip([0.0, *pauses], [*pauses, 1.0], strict=True)]
    assert max(gaps) < 0.1


@given(
    channels, st.integers(min_value=1, max_value=1000), st.floats(min_value=0, max_value=1e6),
    st.one_of(st.none(), st.floats(min_value=-1e6, max_value=1e6)),
)  # fmt: skip
def test_a_try_comes_after_what_the_provider_asks_for_but_not_after_its_end(
    channel: Channel, attempts: int, retry_after: float, left: float | None
) -> None:
    moment = clock.now()
    expires_at = None if left is None else moment + timedelta(seconds=left)
    alert = Alert(channel=channel, attempts=attempts, expires_at=expires_at, state=AlertState.SENDING)
    wait_again(alert, "429", "busy", moment, retry_after=retry_after)
    asked_for = moment + timedelta(seconds=retry_after)
    assert alert.state is AlertState.PENDING
    assert alert.due_at <= asked_for + timedelta(seconds=LONGEST_PAUSE[channel])
    assert alert.due_at >= asked_for or alert.due_at == expires_at
    assert expires_at is None or alert.due_at <= expires_at
