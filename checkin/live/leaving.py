"""Ends open streams when the process is told to go: else a server waits its whole graceful time for them."""

import _thread
import signal
import threading
import weakref
from types import FrameType

from checkin.live.watching import Live

_parts: "weakref.WeakSet[Live]" = weakref.WeakSet()


def close_on_sigterm(part: Live) -> None:
    """Close the streams of `part` on SIGTERM, then do what the server does on it.

    Where nobody handles the signal (a command, a test, `flask run`) the process ends at once anyhow and nothing is
    changed; neither outside the main thread, where Python does not allow it.
    """
    _parts.add(part)
    before = signal.getsignal(signal.SIGTERM)
    if not callable(before) or getattr(before, "is_ours", False):
        return
    if threading.current_thread() is not threading.main_thread():
        return

    def leave(number: int, frame: FrameType | None) -> None:
        # In a thread: the signal may have interrupted one that holds the locks of the streams. A bare one: the start()
        # of threading.Thread waits, which gevent does not allow where it calls handlers.
        _thread.start_new_thread(_close_all, ())
        before(number, frame)

    leave.is_ours = True  # type: ignore[attr-defined]
    signal.signal(signal.SIGTERM, leave)


def _close_all() -> None:
    for part in list(_parts):
        part.close()
