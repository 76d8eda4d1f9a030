"""Logs: one line an event, with its facts as key=value; never what a customer typed."""

import structlog


def set_up() -> None:
    """Configure structlog for the process; calling it again changes nothing."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False),
        ],
        cache_logger_on_first_use=True,
    )
