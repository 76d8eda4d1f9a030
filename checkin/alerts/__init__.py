"""Texts and emails: written to the outbox with the change that causes them, sent by a worker after the commit."""
