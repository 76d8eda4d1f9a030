"""A desk in plain lists: what a ticket is, what a move does to it, and what is told to whom. Nothing of the real one.

The state machine (test_desk_machine) does each move to both and compares.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field

from checkin.queueing.checking_in import CheckInDetails
from tests.cast import STATUSES

TEAM_OF = {"Stats iQ": "STQ", "360": "T60", "API": "API"}
MEMBERS = {"emil": ("STQ", "T60"), "tove": ("API",), "lena": ("STQ",), "vera": (), "olga": ()}
KINDS = {code.value: kind.value for code, _, kind in STATUSES}
TAKES_NOBODY_NEW = {"closing", "closed"}
SEEN_OFF = {"no_show": "missed", "cancelled": "cancelled"}
OF_THE_QUEUE = ("ready", "please_wait")


@dataclass(eq=False)
class Told:
    """One alert; `made` and `withdrawn` are the versions of the changes that did so."""

    kind: str
    channel: str
    take: int
    made: int
    state: str = "pending"
    withdrawn: int | None = None
    is_old: bool = False
    asks: bool = False


@dataclass
class Undo:
    """What the last change can be undone with, by whom, and to what."""

    by: str
    version: int
    kept: "Model"
    is_old: bool = False


@dataclass
class Model:
    """What the model knows of a ticket."""

    key: str
    team: str
    product: str
    urgent: str
    submission: CheckInDetails
    status: str = "open"
    owner: str | None = None
    takes: int = 0
    version: int = 1
    has_come: bool = False
    is_coming: bool = False
    calls: int = 0
    called_lately: bool = False
    more_time: int = 0
    held_back: bool = False
    changes: list[str] = field(default_factory=lambda: ["check_in"])
    told: list[Told] = field(default_factory=list)
    asked: bool = False
    undo: Undo | None = None

    @property
    def kind(self) -> str:
        return KINDS[self.status]

    @property
    def standing(self) -> str:
        if self.kind != "open":
            return self.kind
        if self.owner is None:
            return "waiting"
        return "helped" if self.has_come else "called"

    @property
    def channels(self) -> list[str]:
        return ["text"] * bool(self.submission.phone) + ["email"] * bool(self.submission.email)

    def give(self, name: str) -> None:
        self.release()
        self.owner, self.held_back = name, False
        self.takes += 1

    def release(self) -> None:
        self.owner, self.has_come, self.is_coming, self.calls, self.called_lately = None, False, False, 0, False

    def changed(self, action: str) -> None:
        self.version += 1
        self.changes.append(action)

    def tell(self, kind: str, *, among: Iterable[str] = ("text", "email")) -> None:
        self.told += [Told(kind, one, self.takes, self.version) for one in self.channels if one in among]

    def withdraw(self, *kinds: str) -> None:
        for one in self.told:
            if one.kind in kinds and one.state == "pending":
                one.state, one.withdrawn = "cancelled", self.version

    def calls_that_left(self) -> list[str]:
        return [one.channel for one in self.told if (one.kind, one.take, one.state) == ("ready", self.takes, "sent")]

    def was_called_lately(self) -> bool:
        stands = [
            one for one in self.told if (one.kind, one.take) == ("ready", self.takes) and one.state != "cancelled"
        ]
        return self.called_lately or not all(one.is_old for one in stands)

    def counted(self) -> Counter[tuple[str, str, str, int]]:
        """Return kind, channel and state of what was told, for calls with their take."""
        return Counter((one.kind, one.channel, one.state, one.take * (one.kind == "ready")) for one in self.told)

    def stand_at(self, status: str, was: str, *, by: str | None) -> None:
        """Have the status `status` (already written), with its alerts; `by` is None for the customer."""
        if was in SEEN_OFF:
            self.withdraw(SEEN_OFF[was])
        if self.kind != "open":
            self.withdraw(*OF_THE_QUEUE)
        if status != "resolved":
            self.withdraw("feedback")
        elif not self.survey_left and not self.feedback("pending"):
            self.tell("feedback", among=["email"])
        self.asked = self.asked or status == "resolved"
        if status in SEEN_OFF and by is not None:
            self.tell(SEEN_OFF[status])

    def feedback(self, *states: str) -> list[Told]:
        return [one for one in self.told if one.kind == "feedback" and one.state in states]

    @property
    def survey_left(self) -> bool:
        return any(one.asks for one in self.feedback("sent"))

    @property
    def can_be_undone(self) -> bool:
        return self.undo is not None and self.undo.version == self.version and not self.undo.is_old

    def take_back(self) -> None:
        """Undo the last change: everything as it was, but for the numbers that never go down."""
        assert self.undo is not None
        kept, undone = self.undo.kept, self.undo.version
        has_waited, held_back, is_coming = self.owner is None, self.held_back, self.is_coming
        if kept.owner is not None and kept.owner != self.owner:
            self.takes += 1
            for one in self.told:
                if (one.kind, one.take, one.state) == ("ready", kept.takes, "sent"):
                    one.take = self.takes
        for name in (
            "status",
            "owner",
            "team",
            "product",
            "has_come",
            "is_coming",
            "calls",
            "called_lately",
            "held_back",
        ):
            setattr(self, name, getattr(kept, name))
        # What the customer said since stands.
        if self.owner is None and has_waited:
            self.held_back = held_back
        elif self.owner is not None and not self.has_come:
            self.is_coming = self.is_coming or is_coming
        for one in self.told:
            if one.made == undone and one.state == "pending":
                one.state = "cancelled"
        withdrawn = [one for one in self.told if one.withdrawn == undone and one.state == "cancelled"]
        for one in {(one.kind, one.channel): one for one in withdrawn}.values():
            one.state, one.withdrawn = "pending", None
            one.take = self.takes if one.kind == "ready" else one.take
        self.changed("undo")
        self.undo = None


def was_asked_lately(tickets: Sequence[Model], ticket: Model) -> bool:
    """Tell whether another ticket of the same customer had its survey, not a long time ago."""
    email = ticket.submission.email
    return any(
        one.asks and not one.is_old
        for other in tickets
        if other is not ticket and other.submission.email == email
        for one in other.feedback("sent")
    )


def kept(ticket: Model) -> Model:
    """Return the ticket as it stands now, for an undo."""
    return copy(ticket)


def queue_of(tickets: Sequence[Model], team: str) -> list[Model]:
    """Return who waits for the team and is offered, in the order in which they will be taken."""
    waiting = [one for one in tickets if one.team == team and one.standing == "waiting" and not one.held_back]
    return sorted(waiting, key=lambda one: (not one.urgent, tickets.index(one)))
