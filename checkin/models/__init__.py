"""Tables and their names; importing this package knows all of them."""

from checkin.models.alert import (
    Alert,
    AlertKind,
    AlertState,
    AlertTemplate,
    Channel,
    ChannelPause,
    HookCall,
    Pace,
    ReceivedText,
    Suppression,
)
from checkin.models.audit import AuditAction, AuditEntry
from checkin.models.event import Event, EventCounter, Status, StatusCode, StatusKind
from checkin.models.feedback import Survey
from checkin.models.person import Account, Attempt, AttemptKind, GivenRole, Person, PersonRole, Presence, Role
from checkin.models.settings import Asked, BoardNames, EventSettings, UsernameAsked
from checkin.models.team import Product, QueueState, Team, TeamMember
from checkin.models.ticket import Action, Actor, Customer, Priority, Quote, Source, Take, Ticket, TicketChange

__all__ = [
    "Account",
    "Action",
    "Actor",
    "Alert",
    "AlertKind",
    "AlertState",
    "AlertTemplate",
    "Asked",
    "Attempt",
    "AttemptKind",
    "AuditAction",
    "AuditEntry",
    "BoardNames",
    "Channel",
    "ChannelPause",
    "Customer",
    "Event",
    "EventCounter",
    "EventSettings",
    "GivenRole",
    "HookCall",
    "Pace",
    "Person",
    "PersonRole",
    "Presence",
    "Priority",
    "Product",
    "QueueState",
    "Quote",
    "ReceivedText",
    "Role",
    "Source",
    "Status",
    "StatusCode",
    "StatusKind",
    "Suppression",
    "Survey",
    "Take",
    "Team",
    "TeamMember",
    "Ticket",
    "TicketChange",
    "UsernameAsked",
]
