"""The lanes out of the outbox as tests use them: to real sockets, and with time that passes when told to."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from checkin.alerts.channels import Receipt, TransportError
from checkin.alerts.channels.smtp import SmtpChannel
from checkin.alerts.channels.twilio import TwilioChannel
from checkin.alerts.delivery import deliver_next, settle
from checkin.alerts.drafting import Sender
from checkin.alerts.lanes import Lane, Leased, Progress
from checkin.alerts.leasing import lease_next
from checkin.models import Alert, Channel, Pace
from tests.cast import Cast
from tests.support.fake_smtp import FakeSmtp, client_context
from tests.support.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio

SENDER = Sender(
    "https://desk.example.org", "key of the tests", "desk@example.org", "no-reply@example.org", ("example.org",)
)  # fmt: skip


@dataclass(frozen=True)
class Post:
    """Both lanes, the desk they serve, and where they lead."""

    cast: Cast
    twilio: FakeTwilio
    mail_server: FakeSmtp
    text: Lane
    email: Lane

    def deliver(self) -> None:
        """Let a worker empty both lanes of what is due."""
        for lane in (self.text, self.email):
            while deliver_next(lane, pause=no_pause) is not Progress.NOTHING_DUE:
                pass

    def lease(self, lane: Lane) -> Leased:
        """Let a worker lease the lane's next alert and get no further."""
        with lane.transaction() as session:
            leased = lease_next(session, lane)
        assert isinstance(leased, Leased)
        return leased

    def passes(self, **time: float) -> None:
        """Let time pass for every alert (the database's own clock cannot be moved)."""
        by = timedelta(**time)
        with self.cast.writing() as session:
            for alert in session.scalars(select(Alert)):
                alert.due_at -= by
                alert.expires_at = alert.expires_at and alert.expires_at - by
                alert.lease_until = alert.lease_until and alert.lease_until - by
                alert.unknown_at = alert.unknown_at and alert.unknown_at - by
            for pace in session.scalars(select(Pace)):
                pace.free_at -= by

    def alert(self, channel: Channel = Channel.TEXT) -> Alert:
        """Return the newest alert of a channel."""
        return self.cast.all(select(Alert).where(Alert.channel == channel).order_by(Alert.id.desc()).limit(1))[0]

    def settle(self, lane: Lane, leased: Leased, ending: Receipt | TransportError) -> None:
        """Let the worker that leased an alert record how its try ended."""
        with lane.transaction() as session:
            settle(session, lane=lane, leased=leased, ending=ending)

    def states(self) -> list[str]:
        """Return the states of all alerts, oldest first."""
        return [alert.state.value for alert in self.cast.all(select(Alert).order_by(Alert.id))]


def post_of(cast: Cast, twilio: FakeTwilio, mail_server: FakeSmtp) -> Post:
    """Return the lanes of a desk to these two servers."""
    text = TwilioChannel(
        account_sid=ACCOUNT_SID,
        auth_token=AUTH_TOKEN,
        from_number="+14155550000",
        api_base_url=twilio.api_base_url,
        read_seconds=10,
    )
    email = SmtpChannel(mail_server.url(), context=client_context(), seconds=10, final_seconds=10)
    return Post(
        cast=cast,
        twilio=twilio,
        mail_server=mail_server,
        text=replace(lane_of(cast, Channel.TEXT, text.send), look_up=text.look_up),
        email=lane_of(cast, Channel.EMAIL, email.send),
    )


def lane_of(cast: Cast, channel: Channel, send: Callable[[Any], Receipt] | None) -> Lane:
    """Return one lane of a desk."""
    return Lane(channel, send, SENDER, cast.writing, timedelta(seconds=60))


def no_pause(seconds: float) -> None:
    """Let no time pass."""
