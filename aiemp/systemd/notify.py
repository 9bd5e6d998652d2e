"""Messages to systemd, sd_notify(3), over ``sdnotify``; silent where there is no systemd to hear them.

``sdnotify`` encodes latin-1 and swallows every error, so one emoji in a STATUS would lose its whole datagram.
Each message is therefore sent by itself, and a status in ASCII. Children must not inherit the socket: they
would speak for us.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, MutableMapping
from typing import Protocol

VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
LONGEST_STATUS = 200


class Channel(Protocol):
    """What a notifier sends through; ``sdnotify.SystemdNotifier`` is one."""

    def notify(self, state: str) -> None: ...


class Notifier:
    """Tells systemd how this process is. Without a channel every call does nothing."""

    def __init__(
        self,
        channel: Channel | None = None,
        watchdog_s: float | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._channel = channel
        self._variables = dict(variables or {})
        self._status = ""
        self.watchdog_s = watchdog_s
        """How long systemd waits for :meth:`watchdog` before it restarts us; None: it does not."""

    @property
    def is_heard(self) -> bool:
        """Whether there is a systemd that listens."""
        return self._channel is not None

    def ready(self) -> None:
        """Start-up is done."""
        self._send("READY=1")

    def watchdog(self) -> None:
        """A piece of work is done. Call it from the work loop, never from a thread."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """What `systemctl status` shows, in one line; sent only when it has changed."""
        line = " ".join(text.split()).encode("ascii", "replace").decode("ascii")[:LONGEST_STATUS]
        if line != self._status:
            self._status = line
            self._send(f"STATUS={line}")

    def stopping(self) -> None:
        """The stop has begun."""
        self._send("STOPPING=1")

    def stopping_within(self, seconds: float) -> None:
        """The stop has begun, and may take this long, whatever TimeoutStopSec= a drop-in has set."""
        self.stopping()
        self.extend_timeout(seconds)

    def reloading(self) -> None:
        """The configuration is being read again; :meth:`ready` ends it (Type=notify-reload, systemd 253)."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def extend_timeout(self, seconds: float) -> None:
        """Ask for this much more time from now, for a start or a stop that takes long."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def give_back(self, environ: MutableMapping[str, str]) -> None:
        """Put back what :func:`take_over` took, for the program that this process is about to become."""
        environ.update(self._variables)

    def _send(self, state: str) -> None:
        if self._channel is not None:
            self._channel.notify(state)


SILENT = Notifier()


def take_over(environ: MutableMapping[str, str] | None = None) -> Notifier:
    """The notifier for this process, and the variables out of ``environ`` (default: the process's), so that
    no child can speak in our name. Call it once, at the start."""
    environ = os.environ if environ is None else environ
    taken = {name: environ[name] for name in VARIABLES if name in environ}
    address, usec, pid = (taken.get(name, "") for name in VARIABLES)
    channel = None
    if address:
        from sdnotify import SystemdNotifier  # noqa: PLC0415 - loads sockets, which most runs do not need

        channel = SystemdNotifier()  # reads NOTIFY_SOCKET itself
    for name in taken:
        del environ[name]
    ours = pid in ("", str(os.getpid()))
    watchdog_s = int(usec) / 1_000_000 if ours and usec.isdigit() and int(usec) else None
    return Notifier(channel, watchdog_s, taken)
