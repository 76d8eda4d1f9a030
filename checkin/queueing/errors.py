"""What the desk refuses, each with a code for programs and a sentence for people."""

from typing import ClassVar

from checkin.i18n import mark as N_


class QueueingError(Exception):
    """A rule said no; nothing was changed. `sentence` is translated and filled with `details` at the edge."""

    code: ClassVar[str] = "refused"
    sentence: ClassVar[str] = N_("That is not possible.")

    def __init__(self, **details: str) -> None:
        super().__init__(self.code)
        self.details = details


class NoSuchTicket(QueueingError):
    """The event has no such ticket."""

    code = "no_such_ticket"
    sentence = N_("There is no such ticket at this event.")


class NoSuchTeam(QueueingError):
    """The event has no such team."""

    code = "no_such_team"
    sentence = N_("There is no such team at this event.")


class NoSuchPerson(QueueingError):
    """The event has no such person."""

    code = "no_such_person"
    sentence = N_("There is no such person at this event.")


class DeskTaken(QueueingError):
    """Another one who is present sits at this table."""

    code = "desk_taken"
    sentence = N_("{name} sits at Desk {desk}.")


class NotYourTeam(QueueingError):
    """An expert tried to take from a team they are not in."""

    code = "not_your_team"
    sentence = N_("You are not in the team {team}. You can take from your own queues.")


class Away(QueueingError):
    """An expert who is on a break or off tried to take."""

    code = "away"
    sentence = N_("You are away at the moment. Say that you are available, then take.")


class OwnerAway(Away):
    """The person who is to have the ticket is on a break or off."""

    sentence = N_("{name} is away at the moment. Choose somebody who is available.")


class NotAMember(QueueingError):
    """The person who is to have the ticket is not in its team."""

    code = "not_a_member"
    sentence = N_("{name} is not in the team {team}.")


class NoTeam(QueueingError):
    """The person who is to have the ticket is in no team."""

    code = "no_team"
    sentence = N_("{name} is in no team, so nothing can be handed over to them.")


class QueueEmpty(QueueingError):
    """Nobody is offered in the queue."""

    code = "queue_empty"
    sentence = N_("Nobody is waiting for {team}. Well done.")


class QueuePaused(QueueingError):
    """The lead paused the queue."""

    code = "queue_paused"
    sentence = N_("The queue of {team} is paused. Nothing can be taken until its lead opens it again.")


class QueueClosed(QueueingError):
    """The queue takes nobody new, and nothing is taken from it."""

    code = "queue_closed"
    sentence = N_("The queue of {team} is closed.")


class QueueClosing(QueueClosed):
    """Who is in the queue is served, and nobody new comes."""

    sentence = N_("The queue of {team} is closing and takes nobody new.")


class HandsFull(QueueingError):
    """The expert has as many tickets in hand as the event allows; `key` is one of them."""

    code = "hands_full"
    sentence = N_("You still have {key} in hand. Resolve it or put it back first.")


class OwnersHandsFull(HandsFull):
    """A ticket opened again goes back to its owner, who has as many in hand as the event allows."""

    sentence = N_("{owner} still has {key} in hand and cannot have another one. That one comes first.")


class TicketChanged(QueueingError):
    """Somebody else changed the ticket after the page was shown."""

    code = "ticket_changed"
    sentence = N_("Somebody else changed this ticket meanwhile. Here is how it stands now; nothing of yours was done.")


class ChangedByYou(TicketChanged):
    """The one who asks has changed the ticket since their page was shown."""

    sentence = N_(
        "You have changed this ticket already, by pressing twice or on another page. Here is how it stands now."
    )


class NotYourTicket(QueueingError):
    """Only the owner, a lead of the team or an organiser may change the ticket."""

    code = "not_your_ticket"
    sentence = N_("Only the ticket's expert, a lead of {team} or an organiser can change it.")


class MoveNotAllowed(QueueingError):
    """The ticket cannot go from where it stands to there."""

    code = "move_not_allowed"
    sentence = N_("{key} cannot be moved to {status} from where it stands.")


class NotInHand(QueueingError):
    """Only a ticket that somebody has in hand can be put back."""

    code = "not_in_hand"
    sentence = N_("{key} is in nobody's hands, so it cannot be put back.")


class SamePlace(QueueingError):
    """A hand-over to where the ticket is already."""

    code = "same_place"
    sentence = N_("{key} is there already, so there is nothing to hand over.")


class NobodyExpected(QueueingError):
    """Only a called customer who has not come yet can be called again, or arrive."""

    code = "nobody_expected"
    sentence = N_("Nobody is expected for {key}: it is with no expert, or the customer is here already.")


class CalledAlready(QueueingError):
    """A customer is called at most every two minutes; `seconds` are left."""

    code = "called_already"
    sentence = N_("{name} was called less than 2 minutes ago. You can call again in {seconds} s.")


class NotGone(QueueingError):
    """Only a no-show or a cancelled ticket can be brought back."""

    code = "not_gone"
    sentence = N_("{key} is neither a no-show nor cancelled, so there is nobody to bring back.")


class DayOver(QueueingError):
    """A ticket is brought back on the day on which it was closed."""

    code = "day_over"
    sentence = N_("{key} was closed on an earlier day. Please check {name} in again.")


class NobodyToEscalateTo(QueueingError):
    """The team has no lead and the event no organiser but who asks."""

    code = "nobody_to_escalate_to"
    sentence = N_("There is nobody above you to escalate {key} to. Choose a person or a team.")


class TooLateToUndo(QueueingError):
    """The time is over, something else happened since, or its alerts have left."""

    code = "too_late_to_undo"
    sentence = N_("That can no longer be undone: its time is over, or something else happened to {key} since.")


class NoSuchStatus(QueueingError):
    """The event has no such status."""

    code = "no_such_status"
    sentence = N_("There is no such status at this event.")


class ProductNotOffered(QueueingError):
    """The product is unknown at this event or no team knows it."""

    code = "product_not_offered"
    sentence = N_("No team helps with this product at the moment. Please choose another.")


class SubmittedTwice(QueueingError):
    """The same submission is being written by another request; asking again finds its ticket."""

    code = "submitted_twice"


class AlreadyHere(QueueingError):
    """The person has an open ticket at this event, `key`: somebody has to choose what becomes of it."""

    code = "already_here"
    sentence = N_("They have {key} already. Please choose.")


class DuplicateGone(QueueingError):
    """The open ticket that was to be kept or moved is closed by now."""

    code = "duplicate_gone"
    sentence = N_("The ticket that they had was closed meanwhile. Press the button to check them in again.")


class NoteEmpty(QueueingError):
    """A note without words."""

    code = "note_empty"
    sentence = N_("Please write something first.")


class NoMoreTime(QueueingError):
    """The customer asked for five more minutes a third time."""

    code = "no_more_time"
    sentence = N_("You have asked for more time twice already. Please come to the desk, or leave the queue.")


class TooEarlyForMoreTime(QueueingError):
    """Five more minutes can be asked for when the turn is near, not from further back in the queue."""

    code = "too_early"
    sentence = N_("There is time yet. You can ask for more minutes when at most two people are before you.")


class NotInQueue(QueueingError):
    """The customer's ticket is neither waiting nor called any more."""

    code = "not_in_queue"
    sentence = N_("You are no longer in the queue. Here is how things stand now.")


class NotCalled(QueueingError):
    """The customer says they are coming, and nobody has called them."""

    code = "not_called"
    sentence = N_("You were not called yet, or no longer are. Here is how things stand now.")


class NotYourQueue(QueueingError):
    """Only a lead of the team or an organiser runs its queue and decides who is urgent."""

    code = "not_your_queue"
    sentence = N_("Only a lead of {team} or an organiser can do that.")


class OnlyOrganisers(QueueingError):
    """What only an organiser of the event may do."""

    code = "only_organisers"
    sentence = N_("Only an organiser can do that.")


class TeamChanged(QueueingError):
    """Somebody else opened, paused or closed the queue after the page was shown."""

    code = "team_changed"
    sentence = N_("Somebody else changed the queue of {team} meanwhile. Here is how it stands now.")


class NoUrgency(QueueingError):
    """The event knows no urgent tickets."""

    code = "no_urgency"
    sentence = N_("There are no urgent tickets at this event.")


class TicketClosed(QueueingError):
    """A closed ticket has no place that could change."""

    code = "ticket_closed"
    sentence = N_("{key} is closed.")


class ReasonMissing(QueueingError):
    """Whoever is to go before the others needs a reason that others can read."""

    code = "reason_missing"
    sentence = N_("Please write why, so that others understand it.")


class ReasonTooLong(QueueingError):
    """More words than a reason has room for."""

    code = "reason_too_long"
    sentence = N_("Please say it in {most} characters.")


class NothingChanged(QueueingError):
    """What was asked for is so already."""

    code = "nothing_changed"
    sentence = N_("It is so already, so nothing was changed.")


class FirstNameMissing(QueueingError):
    """A ticket cannot do without somebody's first name."""

    code = "first_name_missing"
    sentence = N_("The first name cannot be empty.")


class CheckInTimeNotPossible(QueueingError):
    """Nobody is taken before they have come, and nobody has come tomorrow."""

    code = "check_in_time_not_possible"
    sentence = N_("They cannot have checked in later than now, nor after they were taken.")
