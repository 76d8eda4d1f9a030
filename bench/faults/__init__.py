"""Proof that no message is lost or doubled in silence: `make faults` (docs/reliability.md).

Real workers in processes of their own send to the fake Twilio and the fake SMTP server of the tests over real sockets,
on PostgreSQL and on SQLite, and are killed, stopped and lied to meanwhile. What the outbox says afterwards is counted
against what the fakes know to have reached a handset or a mailbox.
"""
