"""The app exactly as `make run` serves it: `flask serve` with the worker in it, over http or https."""

import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from urllib.request import urlopen

from checkin.config import ROOT, Settings
from tests.support.fake_smtp import authority, client_context
from tests.support.server import ServerMissing, _as_environment, free_port


@contextmanager
def serving(settings: Settings, *, scheme: str = "http", threads: int = 64, seconds: float = 60) -> Iterator[str]:
    """Yield the address of `flask serve` on a free port of loopback; `https` has a certificate of the tests' authority.

    Raises ServerMissing with what it said when it does not start.
    """
    port = free_port()
    address = f"{scheme}://127.0.0.1:{port}"
    given = _as_environment(settings) | {"HOST": "127.0.0.1", "PORT": str(port), "PUBLIC_URL": address}
    with TemporaryDirectory() as folder, TemporaryFile() as log:
        if scheme == "https":
            given["GUNICORN_CMD_ARGS"] = _certificate(Path(folder))
        command = [sys.executable, "-m", "flask", "--app", "app", "serve", "--threads", str(threads)]
        with subprocess.Popen(command, cwd=ROOT, env=os.environ | given, stdout=log, stderr=log) as process:
            try:
                if not _alive_within(address, process, seconds):
                    log.seek(0)
                    raise ServerMissing(log.read().decode(errors="replace"))
                yield address
            finally:
                process.terminate()
                process.wait(timeout=60)


def _certificate(folder: Path) -> str:
    """Write a certificate for loopback and return gunicorn's arguments that name it."""
    issued = authority().issue_cert("127.0.0.1", "localhost")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    for part in issued.cert_chain_pems:
        part.write_to_path(folder / "certificate.pem", append=True)
    return f"--keyfile={folder / 'key.pem'} --certfile={folder / 'certificate.pem'}"


def _alive_within(address: str, process: subprocess.Popen[bytes], seconds: float) -> bool:
    context: ssl.SSLContext | None = client_context() if address.startswith("https") else None
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(f"{address}/healthz", timeout=5, context=context):
                return True
        except OSError:  # not there yet
            time.sleep(0.05)
    return False
