"""What has to hold after each step (design 1 and 3)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis.stateful import invariant
from sqlalchemy import select

from checkin import clock
from checkin.alerts.outbox import take_of
from checkin.db import db
from checkin.models import Alert, AlertKind, Survey, Take, Ticket, TicketChange
from checkin.queueing.places import places
from tests.queueing.machine.floor import Floor
from tests.queueing.machine.model import MEMBERS, TEAM_OF, queue_of

NO_VERSION = {"note", "on_the_way", "more_time"}


@dataclass(frozen=True)
class Facts:
    """What the database holds after a step, read in one go; `keys` and `places` are by the tickets' ids."""

    tickets: Sequence[Ticket]
    changes: Sequence[TicketChange]
    alerts: Sequence[Alert]
    surveys: Sequence[Survey]
    takes: Sequence[Take]
    places: dict[int, int]

    @property
    def keys(self) -> dict[int, str]:
        return {row.id: row.key for row in self.tickets}


class Truths(Floor):
    """Tickets, places, history and alerts are what the model says."""

    @invariant()
    def the_desk_is_what_the_model_says(self) -> None:
        facts = self._facts()
        self.tickets_are_what_the_model_says(facts)
        self.nobody_holds_more_than_the_event_allows(facts)
        self.the_last_update_moves_with_status_owner_team_and_product_alone(facts)
        self.the_places_are_those_of_the_models_queues(facts)
        self.every_change_has_one_row_of_history_in_its_order(facts)
        self.the_alerts_are_those_of_the_model_and_no_two_are_the_same(facts)
        self.who_was_asked_how_it_went_has_one_survey(facts)
        self.no_ticket_has_two_surveys_out(facts)
        self.every_click_is_kept_once(facts)

    def _facts(self) -> Facts:
        with self.app.app_context():
            session = db.session()
            return Facts(
                session.scalars(select(Ticket).order_by(Ticket.number)).all(),
                session.scalars(select(TicketChange).order_by(TicketChange.id)).all(),
                session.scalars(select(Alert)).all(),
                session.scalars(select(Survey)).all(),
                session.scalars(select(Take)).all(),
                places(session, event_id=self.cast.event_id, moment=clock.now()),
            )

    def tickets_are_what_the_model_says(self, facts: Facts) -> None:
        names = {self.id_of(name): name for name in MEMBERS}
        codes = {number: code for code, number in self.cast.statuses.items()}
        teams = {number: code for code, number in self.cast.teams.items()}
        products = {number: name for name, number in self.cast.products.items()}
        rows = facts.tickets
        found = [
            (
                row.key, codes[row.status_id], row.kind.value, names.get(row.owner_id or 0), row.take_number,
                row.version, teams[row.team_id], products[row.product_id], row.urgent_reason,
                row.arrived_at is not None, row.on_the_way_at is not None, row.call_number, row.more_time,
            )
            for row in rows
        ]  # fmt: skip
        assert found == [
            (
                one.key, one.status, one.kind, one.owner, one.takes, one.version, one.team, one.product, one.urgent,
                one.has_come, one.is_coming, one.calls, one.more_time,
            )
            for one in self.tickets
        ]  # fmt: skip
        for row, one in zip(rows, self.tickets, strict=True):
            assert products[row.asked_product_id] == next(
                name for name, number in self.cast.products.items() if number == one.submission.product_id
            )
            assert row.title == f"Carla needs your help with {one.product}"
            assert (row.priority == 0) == bool(one.urgent)
            assert row.queued_at <= row.updated_at
            assert row.taken_at is None or row.queued_at < row.taken_at
            assert (row.closed_at is None) == (row.kind.value != "closed")
            assert row.owner_id is None or row.taken_at is not None

    def nobody_holds_more_than_the_event_allows(self, facts: Facts) -> None:
        held = Counter(row.owner_id for row in facts.tickets if row.owner_id and row.kind == "open")
        assert self.limit == 0 or all(number <= self.limit for number in held.values())

    def the_last_update_moves_with_status_owner_team_and_product_alone(self, facts: Facts) -> None:
        for row in facts.tickets:
            now = (row.status_id, row.owner_id, row.team_id, row.product_id, row.updated_at, row.take_number)
            before = self.seen.get(row.key, now)
            assert (before[:4] == now[:4]) == (before[4] == now[4])
            assert before[4] <= now[4]
            assert before[5] <= now[5]
            self.seen[row.key] = now

    def the_places_are_those_of_the_models_queues(self, facts: Facts) -> None:
        wanted = {
            one.key: place for team in TEAM_OF.values() for place, one in enumerate(queue_of(self.tickets, team), 1)
        }
        assert {facts.keys[number]: place for number, place in facts.places.items()} == wanted

    def every_change_has_one_row_of_history_in_its_order(self, facts: Facts) -> None:
        history: dict[str, list[str]] = {one.key: [] for one in self.tickets}
        moments = []
        for change in facts.changes:
            steps = history[facts.keys[change.ticket_id]]
            steps.append(change.action.value)
            version = sum(one not in NO_VERSION for one in steps)
            assert change.after.get("version", version) == version
            moments.append(change.at)
        assert history == {one.key: one.changes for one in self.tickets}
        assert moments == sorted(moments)
        for one in self.tickets:
            assert one.version == sum(step not in NO_VERSION for step in one.changes)

    def the_alerts_are_those_of_the_model_and_no_two_are_the_same(self, facts: Facts) -> None:
        found: dict[str, Counter[tuple[str, str, str, int]]] = {one.key: Counter() for one in self.tickets}
        once = set()
        for one in facts.alerts:
            take = take_of(one.occasion) if one.kind is AlertKind.READY else 0
            found[facts.keys[one.ticket_id or 0]][one.kind.value, one.channel.value, one.state.value, take] += 1
            once.add((one.ticket_id, one.kind, one.channel, one.occasion))
        assert found == {one.key: one.counted() for one in self.tickets}
        assert len(once) == sum(counter.total() for counter in found.values())

    def who_was_asked_how_it_went_has_one_survey(self, facts: Facts) -> None:
        surveys = [facts.keys[one.ticket_id] for one in facts.surveys]
        assert sorted(surveys) == sorted(one.key for one in self.tickets if one.asked)

    def no_ticket_has_two_surveys_out(self, facts: Facts) -> None:
        out = Counter(one.ticket_id for one in facts.alerts if one.asked_at is not None and one.state == "sent")
        assert all(number == 1 for number in out.values())

    def every_click_is_kept_once(self, facts: Facts) -> None:
        names = {self.id_of(name): name for name in MEMBERS}
        takes = {(names[row.person_id], row.request_key): facts.keys[row.ticket_id] for row in facts.takes}
        assert takes == self.clicks
