"""A desk that anything may happen to, in any order, beside a model of it in plain lists (hypothesis).

After each step the tickets, the places, the history and the alerts have to be what the model says.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    run_state_machine_as_test,
)

from checkin.config import Settings
from checkin.queueing import calling, undoing
from tests.queueing.machine.hands import Hands
from tests.queueing.machine.queues import Queues
from tests.queueing.machine.statuses import Statuses
from tests.queueing.machine.truths import Truths
from tests.support.databases import SECRET_KEY, close, rules_app

A_WHILE = timedelta(hours=1)


class Desk(Queues, Statuses, Hands, Truths):
    """Vera checks in, experts take and move tickets, and everybody presses buttons that are not for them."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_whatever_happens_the_desk_stays_what_the_model_says(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A step takes as long as the machine likes; time passes where the model says so.
    monkeypatch.setattr(undoing, "UNDO_SECONDS", A_WHILE.total_seconds())
    monkeypatch.setattr(calling, "CALL_EVERY", A_WHILE)
    app = rules_app(Settings(database_url=database_url, secret_key=SECRET_KEY, instance_folder=tmp_path))
    machine = type("DeskHere", (Desk,), {"app": app})
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=50, stateful_step_count=40, deadline=None, database=None,
                suppress_health_check=list(HealthCheck), print_blob=True,
            ),
        )  # fmt: skip
    finally:
        close(app)
