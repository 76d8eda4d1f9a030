"""The real app with bad luck at two named points, for the races: nothing of this is in the app itself.

Before the commit, ABORTED percent of the write transactions are aborted: the client is told 503, nothing has happened.
After the commit, LOST percent of the answers are lost: the client gets a 500 and cannot know what has happened.
"""

import os
import random

from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from app import create_app as real_app
from checkin.db import Announcement, DatabaseBusy, RoutedSession, subscribe


class AnswerLost(Exception):
    """Made up: the transaction is committed, but nobody will hear of it."""


def create_app() -> Flask:
    """Return the real app; the percentages come from the environment."""
    aborted, lost = int(os.environ.get("ABORTED", "0")), int(os.environ.get("LOST", "0"))
    chance = random.Random(os.environ.get("SEED", "1") + str(os.getpid()))

    @event.listens_for(RoutedSession, "before_commit")
    def abort(session: Session) -> None:
        if session.info.get("writing") and chance.randrange(100) < aborted:
            raise DatabaseBusy

    def lose(announcement: Announcement) -> None:
        if announcement.topic == "event" and chance.randrange(100) < lost:
            raise AnswerLost

    subscribe(lose)
    return real_app()
